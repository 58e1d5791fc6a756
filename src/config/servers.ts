import { defaultDeployment } from '../domain/defaults.ts'
import { isRecord, messageOf, present } from '../domain/json.ts'
import { deploymentName } from '../domain/rules.ts'
import type { ServerConfig } from '../langgraph/server.ts'
import { checkHeader, checkUrl, warnOfTheWay } from './checks.ts'
import { templateIn } from './links.ts'
import { entriesOf, parsed, shapeOfADeployment } from './deployments-file.ts'
import type { Entry } from './deployments-file.ts'
import { read, readNamed } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

/** The LangGraph servers of a worker: one by variables of its own, others by a file. */
export function servers(env: Environment, found: Findings): ServerConfig[] {
  const file = read(env, 'LANGGRAPH_DEPLOYMENTS', found)
  const named = file === undefined ? [] : entriesOf(file, found).map((entry) => deployment(entry, env, found))
  const single = defaultServer(env, found)
  if (single.length === 0 && file === undefined) {
    found.mistakes.push(
      'LANGGRAPH_API_URL is missing: the URL of your LangGraph server, such as http://127.0.0.1:2024 (or name several servers in the file LANGGRAPH_DEPLOYMENTS)',
    )
  }
  if (single.length > 0 && named.some(({ name }) => name === defaultDeployment)) {
    found.mistakes.push(
      `LANGGRAPH_API_URL and LANGGRAPH_DEPLOYMENTS both define the deployment "${defaultDeployment}": keep one`,
    )
  }
  const all = [...single, ...named]
  for (const server of all) warnOfTheWay(server, env, found)
  return all
}

function defaultServer(env: Environment, found: Findings): ServerConfig[] {
  const url = read(env, 'LANGGRAPH_API_URL', found)
  const apiKey = read(env, 'LANGGRAPH_API_KEY', found)
  const headers = read(env, 'LANGGRAPH_HEADERS', found)
  if (url === undefined) {
    const without = 'is set without LANGGRAPH_API_URL: in LANGGRAPH_DEPLOYMENTS a deployment'
    if (apiKey !== undefined)
      found.mistakes.push(`LANGGRAPH_API_KEY ${without} names its key's variable in "apiKeyEnv"`)
    if (headers !== undefined) found.mistakes.push(`LANGGRAPH_HEADERS ${without} has its own "headers"`)
    return []
  }
  checkUrl('LANGGRAPH_API_URL', url, found)
  checkHeader('LANGGRAPH_API_KEY', 'x-api-key', apiKey ?? '', found)
  return [{ name: defaultDeployment, url, ...present({ apiKey, headers: headersInText(headers, env, found) }) }]
}

function headersInText(text: string | undefined, env: Environment, found: Findings) {
  const at = 'LANGGRAPH_HEADERS'
  if (text === undefined) return undefined
  try {
    return headersIn(at, parsed(text), env, found)
  } catch (error) {
    found.mistakes.push(`${at}: ${messageOf(error)}`)
    return {}
  }
}

function deployment({ at, name, fields }: Entry, env: Environment, found: Findings): ServerConfig {
  const { mistakes } = found
  if (deploymentName.read(name) === undefined) mistakes.push(`${at}: must be ${deploymentName.allowed}`)
  if (!isRecord(fields)) {
    mistakes.push(`${at}: must be an object ${shapeOfADeployment}`)
    return { name, url: '' }
  }
  const {
    url,
    apiKeyEnv,
    headers = {},
    namespaces,
    taskQueues,
    maxRequestsPerSecond,
    linkTemplate,
    ...unknown
  } = fields
  for (const field of Object.keys(unknown)) {
    mistakes.push(
      `${at}: "${field}" is unknown: allowed are "url", "apiKeyEnv", "headers", "namespaces", "taskQueues", "maxRequestsPerSecond", "linkTemplate"`,
    )
  }
  checkUrl(`${at} "url"`, url, found)
  const apiKey = apiKeyEnv === undefined ? undefined : readNamed(`${at} "apiKeyEnv"`, apiKeyEnv, env, found)
  checkHeader(`${at} "apiKeyEnv"`, 'x-api-key', apiKey ?? '', found)
  return {
    name,
    url: String(url),
    headers: headersIn(`${at} "headers"`, headers, env, found),
    ...present({
      apiKey,
      namespaces: namesIn(`${at} "namespaces"`, namespaces, found),
      taskQueues: namesIn(`${at} "taskQueues"`, taskQueues, found),
      maxRequestsPerSecond: rateIn(`${at} "maxRequestsPerSecond"`, maxRequestsPerSecond, found),
      linkTemplate: templateIn(`${at} "linkTemplate"`, linkTemplate, found),
    }),
  }
}

/** Who may use the deployment. A list that is wrong lets nobody in. */
function namesIn(at: string, names: unknown, found: Findings): readonly string[] | undefined {
  if (names === undefined) return undefined
  const texts = Array.isArray(names) ? names.filter((name) => typeof name === 'string' && name.trim() !== '') : []
  if (!Array.isArray(names) || texts.length === 0 || texts.length < names.length) {
    found.mistakes.push(`${at}: must be a list of at least one name`)
  }
  return texts
}

function rateIn(at: string, rate: unknown, { mistakes }: Findings): number | undefined {
  if (rate === undefined || (typeof rate === 'number' && rate > 0 && Number.isFinite(rate))) return rate
  mistakes.push(`${at}: must be a number above 0`)
  return undefined
}

const headerValue = 'a text or { "env": "NAME" }'

function headersIn(at: string, headers: unknown, env: Environment, found: Findings): Readonly<Record<string, string>> {
  if (!isRecord(headers)) {
    found.mistakes.push(`${at}: must be an object, header → ${headerValue}`)
    return {}
  }
  const values = Object.entries(headers).map(([name, value]) => [name, headerIn(at, name, value, env, found)] as const)
  for (const [name, value] of values) checkHeader(at, name, value, found)
  return Object.fromEntries(values)
}

function headerIn(at: string, name: string, value: unknown, env: Environment, found: Findings): string {
  if (typeof value === 'string') return value
  if (isRecord(value) && Object.keys(value).join() === 'env') {
    return readNamed(`${at} "${name}"`, value['env'], env, found) ?? ''
  }
  found.mistakes.push(`${at} "${name}": must be ${headerValue}`)
  return ''
}
