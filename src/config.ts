import { homedir } from 'node:os'
import { join } from 'node:path'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import type { ClientConnectConfig } from '@temporalio/envconfig'
import { checkUrl } from './config/checks.ts'
import { codecServerConfig } from './config/codec-server.ts'
import type { CodecServerConfig } from './config/codec-server.ts'
import { given, read } from './config/environment.ts'
import type { Environment, Findings } from './config/environment.ts'
import { langSmithPages } from './config/links.ts'
import { listenAddress } from './config/listen.ts'
import { logConfig } from './config/log.ts'
import type { LogConfig } from './config/log.ts'
import { metricsListen } from './config/metrics.ts'
import type { MetricsListen } from './config/metrics.ts'
import { notifyReceiver } from './config/notify.ts'
import { payloadConfig } from './config/payloads.ts'
import type { PayloadConfig } from './config/payloads.ts'
import { servers } from './config/servers.ts'
import { optionalStore } from './config/store.ts'
import { areTracesOn } from './config/traces.ts'
import { optionalReceiver, receiver, receiverSecret } from './config/webhook.ts'
import { workerVersion } from './config/worker-version.ts'
import type { WorkerVersion } from './config/worker-version.ts'
import { defaultSweepInterval, defaultTaskQueue } from './domain/defaults.ts'
import type { Duration } from './domain/input.ts'
import { messageOf, present } from './domain/json.ts'
import { durationOrNone } from './domain/rules.ts'
import type { LangSmithPages } from './activities/links.ts'
import type { NotifyReceiver } from './activities/notify-receiver.ts'
import type { ServerConfig } from './langgraph/server.ts'
import type { ResultStore } from './store/result-store.ts'
import type { WebhookReceiver } from './webhook/url.ts'

export type { Environment } from './config/environment.ts'

/** How to reach Temporal. */
interface TemporalConfig {
  readonly connect: ClientConnectConfig
  readonly taskQueue: string
  readonly uiUrl?: string
}

/** A program that starts workflows, or carries them out. */
export interface ProgramConfig extends TemporalConfig {
  readonly payloads: PayloadConfig
  /** Results that are too large for Temporal are kept there. */
  readonly resultStore?: ResultStore
}

export interface WorkerConfig extends ProgramConfig {
  readonly servers: readonly ServerConfig[]
  readonly sweepInterval: Duration | 'none'
  readonly searchAttributes: boolean
  readonly langSmith: LangSmithPages
  /** The runs that are created call it when they have ended. */
  readonly webhook?: WebhookReceiver
  /** Who is told when a run waits for a human, a watch ends, or a deployment gives no answer. */
  readonly notify?: NotifyReceiver
  readonly log: LogConfig
  /** Where metrics are served. Absent: nothing is measured. */
  readonly metricsListen?: MetricsListen
  readonly areTracesOn: boolean
  /** Absent: any worker of the task queue takes any task. */
  readonly version?: WorkerVersion
  /** What is allowed but unwise, for the log. */
  readonly warnings: readonly string[]
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
  return checked((found) => ({
    ...program(env, found),
    servers: servers(env, found),
    sweepInterval: sweepInterval(env, found),
    searchAttributes: isOn(env, 'SEARCH_ATTRIBUTES', found),
    langSmith: langSmithPages(env, found),
    log: logConfig(env, found),
    ...present({
      webhook: optionalReceiver(env, found),
      notify: notifyReceiver(env, found),
      metricsListen: metricsListen(env, found),
      version: workerVersion(env, found),
    }),
    areTracesOn: areTracesOn(env, found),
    warnings: found.warnings,
  }))
}

/** The configuration of the webhook receiver. @throws ConfigError */
export function loadReceiverConfig(env: Environment) {
  return checked((found) => ({
    ...temporal(env, found),
    listen: listenAddress('WEBHOOK_LISTEN', '127.0.0.1:8088', env, found),
    secret: receiverSecret(env, found),
    log: logConfig(env, found),
    ...present({ metricsListen: metricsListen(env, found) }),
  }))
}

/** What `webhookUrl` needs beside a workflow id. @throws ConfigError */
export function loadWebhookUrlConfig(env: Environment) {
  return checked((found) => ({
    namespace: temporal(env, found).connect.namespace ?? 'default',
    receiver: receiver(env, found),
  }))
}

/** Whether a client of Temporal takes part in traces. @throws ConfigError */
export function loadTracesConfig(env: Environment): boolean {
  return checked((found) => areTracesOn(env, found))
}

/** @throws ConfigError */
export function loadTemporalConfig(env: Environment): TemporalConfig {
  return checked((found) => temporal(env, found))
}

/** The configuration of the command line. @throws ConfigError */
export function loadProgramConfig(env: Environment): ProgramConfig {
  return checked((found) => program(env, found))
}

/** The configuration of the codec server. @throws ConfigError */
export function loadCodecServerConfig(env: Environment): CodecServerConfig {
  return checked((found) => codecServerConfig(env, found))
}

/** The programs of the embedded Temporal servers, if the environment names them, and the folder that keeps them otherwise. */
export function loadBinaryPaths(env: Environment) {
  return {
    cli: given(env, 'TEMPORAL_CLI_PATH'),
    testServer: given(env, 'TEMPORAL_TEST_SERVER_PATH'),
    cacheFolder: join(given(env, 'XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'langgraph-background-runs'),
  }
}

/** A number without a unit is milliseconds: `2` would ask the server all the time. */
const leastSweepIntervalMs = 500

function sweepInterval(env: Environment, found: Findings): Duration | 'none' {
  const given = read(env, 'SWEEP_INTERVAL', found) ?? defaultSweepInterval
  const ms = durationOrNone.read(given)
  if (ms !== undefined && ms >= leastSweepIntervalMs) return ms === Infinity ? 'none' : ms
  found.mistakes.push("SWEEP_INTERVAL: must be a duration from 500ms to 365d, such as '2s', or 'none'")
  return 'none'
}

/** A capability that is on unless it is switched off. */
function isOn(env: Environment, name: string, found: Findings): boolean {
  const value = read(env, name, found) ?? 'on'
  if (value !== 'on' && value !== 'off') found.mistakes.push(`${name}: must be on or off`)
  return value !== 'off'
}

function checked<T>(load: (found: Findings) => T): T {
  const found: Findings = { mistakes: [], warnings: [] }
  const config = load(found)
  if (found.mistakes.length > 0) throw new ConfigError(found.mistakes)
  return config
}

/** Results in the store are encrypted with the keys of payloads. */
function program(env: Environment, found: Findings): ProgramConfig {
  const payloads = payloadConfig(env, found)
  const resultStore = optionalStore(env, found, payloads.keys)
  return { ...temporal(env, found), payloads, ...present({ resultStore }) }
}

function temporal(env: Environment, found: Findings): TemporalConfig {
  const {
    TEMPORAL_TASK_QUEUE: taskQueue = defaultTaskQueue,
    TEMPORAL_UI_URL: uiUrl,
    ...others
  } = temporalVariables(env, found)
  if (uiUrl !== undefined) checkUrl('TEMPORAL_UI_URL', uiUrl, found)
  try {
    return { connect: loadClientConnectConfig({ overrideEnvVars: others }), taskQueue, ...present({ uiUrl }) }
  } catch (error) {
    found.mistakes.push(`TEMPORAL_*: ${temporalMistake(error)}`)
    return { connect: { connectionOptions: {} }, taskQueue }
  }
}

/** Keeps all variables that are given: some of them lead Temporal's reader to its configuration file. */
function temporalVariables(env: Environment, found: Findings): Readonly<Record<string, string>> {
  const mayNotBeQuoted = /^TEMPORAL_(?!GRPC_META_)/
  const values = Object.keys(env).map(
    (name) => [name, mayNotBeQuoted.test(name) ? read(env, name, found) : given(env, name)] as const,
  )
  return Object.fromEntries(values.filter((entry): entry is [string, string] => entry[1] !== undefined))
}

function temporalMistake(error: unknown): string {
  // That is how Temporal's reader takes a file without any profile.
  if (error instanceof TypeError) {
    return 'the configuration file has no profile: it needs a table [profile.default], or delete it (it is at TEMPORAL_CONFIG_FILE, or where `temporal config` keeps it)'
  }
  // The first line only: below it a parser quotes the configuration file, which may hold a key.
  return String(messageOf(error).split('\n', 1)[0])
}
