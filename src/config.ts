import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { ClientConnectConfig } from '@temporalio/envconfig'
import { defaultDeployment, defaultTaskQueue } from './domain/defaults.ts'
import { isRecord, messageOf, present } from './domain/json.ts'
import { deploymentName } from './domain/rules.ts'
import type { ServerConfig } from './langgraph/server.ts'
import { decoded } from './text-file.ts'

/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** How to reach Temporal. */
interface TemporalConfig {
  readonly connect: ClientConnectConfig
  readonly taskQueue: string
  /** Of Temporal's Web UI, if somebody named it. */
  readonly uiUrl?: string
}

export interface WorkerConfig extends TemporalConfig {
  readonly servers: readonly ServerConfig[]
}

/** Every mistake of a configuration at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly string[]

  constructor(mistakes: readonly string[]) {
    super(
      `The configuration has ${mistakes.length === 1 ? 'a mistake' : `${mistakes.length} mistakes`}:\n${mistakes.map((mistake) => `- ${mistake}`).join('\n')}`,
    )
    this.mistakes = mistakes
  }
}

/** @throws ConfigError */
export function loadWorkerConfig(env: Environment): WorkerConfig {
  return checked((mistakes) => ({ ...temporal(env, mistakes), servers: servers(env, mistakes) }))
}

/** @throws ConfigError */
export function loadTemporalConfig(env: Environment): TemporalConfig {
  return checked((mistakes) => temporal(env, mistakes))
}

/** Where the programs of the embedded Temporal servers are, if somebody said so, and where they are kept otherwise. */
export function loadBinaryPaths(env: Environment) {
  return {
    cli: given(env, 'TEMPORAL_CLI_PATH'),
    testServer: given(env, 'TEMPORAL_TEST_SERVER_PATH'),
    cacheFolder: join(given(env, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'langgraph-background-runs'),
  }
}

function checked<T>(load: (mistakes: string[]) => T): T {
  const mistakes: string[] = []
  const config = load(mistakes)
  if (mistakes.length > 0) throw new ConfigError(mistakes)
  return config
}

function temporal(env: Environment, mistakes: string[]): TemporalConfig {
  const taskQueue = given(env, 'TEMPORAL_TASK_QUEUE') ?? defaultTaskQueue
  const uiUrl = given(env, 'TEMPORAL_UI_URL')
  if (uiUrl !== undefined) checkUrl('TEMPORAL_UI_URL', uiUrl, mistakes)
  try {
    // Only in TEMPORAL_GRPC_META_* an empty text means something: leave that header out.
    const defined = Object.entries(env).filter(
      (entry): entry is [string, string] =>
        given(env, entry[0]) !== undefined || (entry[0].startsWith('TEMPORAL_GRPC_META_') && entry[1] !== undefined),
    )
    const connect = loadClientConnectConfig({ overrideEnvVars: Object.fromEntries(defined) })
    return { connect, taskQueue, ...present({ uiUrl }) }
  } catch (error) {
    mistakes.push(`TEMPORAL_*: ${temporalMistake(error)}`)
    return { connect: { connectionOptions: {} }, taskQueue }
  }
}

function temporalMistake(error: unknown): string {
  // That is how Temporal's reader takes a file without any profile.
  if (error instanceof TypeError) {
    return 'the configuration file has no profile: it needs a table [profile.default], or delete it (it is at TEMPORAL_CONFIG_FILE, or where `temporal config` keeps it)'
  }
  // The first line only: below it a parser quotes the configuration file, which may hold a key.
  return String(messageOf(error).split('\n', 1)[0])
}

function servers(env: Environment, mistakes: string[]): ServerConfig[] {
  const url = given(env, 'LANGGRAPH_API_URL')
  const file = given(env, 'LANGGRAPH_DEPLOYMENTS')
  const apiKey = given(env, 'LANGGRAPH_API_KEY')
  if (url === undefined && file === undefined) {
    mistakes.push(
      'LANGGRAPH_API_URL is missing: the URL of your LangGraph server, such as http://127.0.0.1:2024 (or name several servers in the file LANGGRAPH_DEPLOYMENTS)',
    )
  }
  if (url === undefined && apiKey !== undefined) {
    mistakes.push(
      "LANGGRAPH_API_KEY is set without LANGGRAPH_API_URL: in LANGGRAPH_DEPLOYMENTS a deployment names its key's variable in `apiKeyEnv`",
    )
  }
  const named = file === undefined ? [] : deploymentsIn(file, env, mistakes)
  if (url === undefined) return named
  if (named.some(({ name }) => name === defaultDeployment)) {
    mistakes.push(
      `LANGGRAPH_API_URL and LANGGRAPH_DEPLOYMENTS both define the deployment "${defaultDeployment}": keep one`,
    )
  }
  checkUrl('LANGGRAPH_API_URL', url, mistakes)
  checkHeader('LANGGRAPH_API_KEY', 'x-api-key', apiKey ?? '', mistakes)
  return [{ name: defaultDeployment, url, ...present({ apiKey }) }, ...named]
}

function deploymentsIn(file: string, env: Environment, mistakes: string[]): ServerConfig[] {
  const where = `LANGGRAPH_DEPLOYMENTS (${file})`
  let deployments: unknown
  try {
    deployments = JSON.parse(decoded(readFileSync(file)))
  } catch (error) {
    mistakes.push(`${where}: ${error instanceof SyntaxError ? 'is no valid JSON' : messageOf(error)}`)
    return []
  }
  if (!isRecord(deployments) || Object.keys(deployments).length === 0) {
    mistakes.push(`${where}: must be an object, name → { "url", "apiKeyEnv"?, "headers"? }, with one name or more`)
    return []
  }
  return Object.entries(deployments).map(([name, given]) => deployment(where, name, given, env, mistakes))
}

function deployment(where: string, name: string, fields: unknown, env: Environment, mistakes: string[]): ServerConfig {
  const at = `${where} "${name}"`
  if (deploymentName.read(name) === undefined) mistakes.push(`${at}: must be ${deploymentName.allowed}`)
  if (!isRecord(fields)) {
    mistakes.push(`${at}: must be an object { "url", "apiKeyEnv"?, "headers"? }`)
    return { name, url: '' }
  }
  const { url, apiKeyEnv, headers = {}, ...unknown } = fields
  for (const field of Object.keys(unknown)) {
    mistakes.push(`${at}: "${field}" is unknown: allowed are "url", "apiKeyEnv", "headers"`)
  }
  checkUrl(`${at} "url"`, url, mistakes)
  const apiKey = typeof apiKeyEnv === 'string' ? given(env, apiKeyEnv) : undefined
  if (apiKeyEnv !== undefined && apiKey === undefined) {
    mistakes.push(`${at} "apiKeyEnv": must name a variable of the environment that is set`)
  }
  checkHeader(`${at} "apiKeyEnv"`, 'x-api-key', apiKey ?? '', mistakes)
  if (!isTextRecord(headers)) mistakes.push(`${at} "headers": must be an object of texts`)
  const named = isTextRecord(headers) ? headers : {}
  for (const [header, value] of Object.entries(named)) checkHeader(`${at} "headers"`, header, value, mistakes)
  return { name, url: String(url), ...present({ apiKey }), headers: named }
}

// None of these repeats a value: it may be a secret.
function checkUrl(where: string, text: unknown, mistakes: string[]): void {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    mistakes.push(`${where}: must be a URL that begins with http:// or https://`)
    return
  }
  if (url.username || url.password) {
    mistakes.push(`${where}: holds credentials, which would show up in error messages: use an API key or a header`)
  }
  if (url.search || url.hash) mistakes.push(`${where}: must end with the path: no "?" and no "#"`)
}

function checkHeader(where: string, name: string, value: string, mistakes: string[]): void {
  try {
    new Headers().set(name, value)
  } catch {
    mistakes.push(
      `${where}: cannot be sent as the HTTP header "${name}": line breaks and characters beyond Latin-1 are not allowed`,
    )
  }
}

/** An empty variable counts as not given: compose files and CI write them so. */
function given(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined
}

function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string')
}
