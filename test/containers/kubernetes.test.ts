import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = 'ops/kubernetes'

async function manifests(): Promise<ReadonlyMap<string, string>> {
  const names = (await readdir(`${root}${folder}`)).filter((name) => name.endsWith('.yaml'))
  return new Map(await Promise.all(names.map(async (name) => [name, await read(`${folder}/${name}`)] as const)))
}

function read(file: string): Promise<string> {
  return readFile(`${root}${file}`, 'utf8')
}

const isSecret = /(_KEY|_KEYS|_SECRET|_TOKEN|_HEADERS|PASSWORD)$/

describe('the manifests for Kubernetes', () => {
  test('take each secret by reference, and hold none', async () => {
    const all = [...(await manifests()).values()].join('\n')
    expect(all).not.toMatch(/^kind: Secret$/m)
    const referred = [
      ...all.matchAll(/- name: (\w+)\n +valueFrom:\n +secretKeyRef:\n +name: langgraph-runs\n +key: \1\n/g),
    ]
    const named = [...all.matchAll(/(?:- name: |^ {2})([A-Z][A-Z0-9_]+)(?:$|:)/gm)].map(([, name = '']) => name)
    const secrets = named.filter((name) => isSecret.test(name))
    expect(new Set(secrets)).toEqual(
      new Set([
        'LANGGRAPH_API_KEY',
        'LANGGRAPH_HEADERS',
        'TEMPORAL_API_KEY',
        'PAYLOAD_KEYS',
        'WEBHOOK_SECRET',
        'NOTIFY_SECRET',
        'CODEC_TOKEN',
      ]),
    )
    expect(referred).toHaveLength(secrets.length)
  })

  test.each([
    { file: 'worker.yaml', takesSeconds: 15 },
    { file: 'webhook.yaml', takesSeconds: 10 },
    { file: 'codec-server.yaml', takesSeconds: 10 },
  ])('give the program of $file longer to stop than it takes', async ({ file, takesSeconds }) => {
    const text = await read(`${folder}/${file}`)
    const [, grace] = /terminationGracePeriodSeconds: (\d+)/.exec(text) ?? []
    const [, pause = '0'] = /sleep:\n +seconds: (\d+)/.exec(text) ?? []
    expect(Number(grace)).toBeGreaterThan(takesSeconds + Number(pause))
  })

  test('start programs that the image has, and probe what they serve', async () => {
    const files = await manifests()
    expect(files.get('worker.yaml')?.match(/command: \[node, dist\/healthcheck\.js\]/g)).toHaveLength(2)
    for (const name of ['webhook', 'codec-server']) {
      const text = files.get(`${name}.yaml`) ?? ''
      expect(text).toContain(`command: [node, dist/${name}.js]`)
      expect(text.match(/path: \/healthz/g)).toHaveLength(2)
    }
  })

  test('scale the worker by both kinds of its tasks, and never to none', async () => {
    const scaled = await read(`${folder}/keda/scaled-object.yaml`)
    expect(scaled).toMatch(/scaleTargetRef:\n +name: langgraph-runs-worker$/m)
    expect(scaled).toMatch(/queueTypes: workflow,activity$/m)
    expect(Number(/minReplicaCount: (\d+)/.exec(scaled)?.[1])).toBeGreaterThan(0)
  })
})
