import { given, read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'
import { checkUrl } from './checks.ts'

const endpoints = ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']
const protocols = ['OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL']

/** Whether traces are exported. Where to, and all else about them, OpenTelemetry reads from its own variables. */
export function areTracesOn(env: Environment, found: Findings): boolean {
  const isOff = given(env, 'OTEL_SDK_DISABLED') === 'true' || given(env, 'OTEL_TRACES_EXPORTER') === 'none'
  const set = isOff ? [] : endpoints.filter((name) => given(env, name) !== undefined)
  for (const name of set) checkUrl(name, read(env, name, found), found)
  const grpc = protocols.find((name) => given(env, name) === 'grpc')
  if (set.length > 0 && grpc !== undefined) {
    found.warnings.push(`${grpc}: traces are sent as http/json, not by gRPC: name the collector's HTTP port (4318)`)
  }
  return set.length > 0
}
