#!/usr/bin/env bash
# Checks ops/kubernetes offline, against the schemas of Kubernetes and KEDA: bash dev/check-kubernetes.sh
# It needs kubernetes-validate (PyPI) on PATH, and @kubernetes-models/keda (npm) in the folder KEDA_MODELS.
set -euo pipefail
cd "$(dirname "$0")/.."

# The oldest version that has all that is used, and the newest one with a schema.
kubernetes() {
  local version
  for version in 1.30 1.37; do kubernetes-validate --quiet --strict --kubernetes-version "$version" "$@"; done
}

keda() {
  python3 -c 'import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))' "$1" |
    (cd "$KEDA_MODELS" && node --input-type=module --eval '
      import { text } from "node:stream/consumers"
      for (const manifest of JSON.parse(await text(process.stdin))) {
        const { [manifest.kind]: Model } = await import(`@kubernetes-models/keda/${manifest.apiVersion}`)
        new Model(manifest).validate()
      }')
}

kubernetes ops/kubernetes/*.yaml
keda ops/kubernetes/keda/scaled-object.yaml

# A check that finds nothing must find something once.
broken=$(mktemp -d)
trap 'rm -rf "$broken"' EXIT
must_fail() {
  if "$1" "$2" >"$broken/words" 2>&1; then
    echo "$1 takes a broken manifest: $(diff "$2" "$3")" >&2
    exit 1
  fi
}
worker=ops/kubernetes/worker.yaml scaled=ops/kubernetes/keda/scaled-object.yaml
sed 's/replicas: 2/replicas: two/' $worker >"$broken/type.yaml"
sed 's/terminationGracePeriodSeconds/gracePeriodSeconds/' $worker >"$broken/name.yaml"
sed 's/minReplicaCount: 2/minReplicaCount: two/' $scaled >"$broken/keda-type.yaml"
sed '/scaleTargetRef:/,+1d' $scaled >"$broken/keda-missing.yaml"
must_fail kubernetes "$broken/type.yaml" $worker
must_fail kubernetes "$broken/name.yaml" $worker
must_fail keda "$broken/keda-type.yaml" $scaled
must_fail keda "$broken/keda-missing.yaml" $scaled
echo 'ops/kubernetes passed the checks that need no cluster'
