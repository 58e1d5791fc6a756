import { msToNumber } from '@temporalio/common'
import {
  defaultDeployment,
  defaultMaxPollTime,
  defaultPollInterval,
  defaultRetrievalTimeout,
  retrievalStrategies,
} from './defaults.ts'
import type { RetrievalStrategy } from './defaults.ts'
import type { PollInterval } from './poll-interval.ts'
import type { RunRef } from './run.ts'
import { bounded } from './text.ts'

/** A Temporal duration: `'10s'`, `'5 minutes'`, or a number of milliseconds. */
export type Duration = string | number

/** Which run. `null` anywhere in an input means "not given"; unknown fields are refused. */
export interface RunInput {
  /** UUID. */
  readonly threadId: string
  /** UUID. */
  readonly runId: string
  /** A name from the worker's configuration, never a URL or a key. Default `'default'`. */
  readonly deployment?: string | null
}

/** How to bring the result back. */
interface RetrievalInput {
  /** 1-3 strategies, no repeats. Default `['stream_values', 'thread_state', 'join_stream']`. */
  readonly retrievalOrder?: readonly RetrievalStrategy[] | null
  /** Over all strategies, 1 s to 1 h. Default `'30s'`. */
  readonly retrievalTimeout?: Duration | null
  /** Keep only these fields of the values; absent ones are left out. 1-100. Default: all. */
  readonly resultKeys?: readonly string[] | null
}

/** The argument of `readRunStatus`. */
export type ReadRunStatusInput = RunInput

/** The argument of `retrieveRunResult`. */
export interface RetrieveRunResultInput extends RunInput, RetrievalInput {}

/** The argument of `watchRun`. Durations are Temporal durations: `'10s'`, or milliseconds; above 0, at most 365 days. */
export interface WatchRunInput extends RunInput, RetrievalInput {
  /**
   * One duration: every sleep alike. Or n-th sleep = min(initialInterval · backoffCoefficientⁿ, maximumInterval), each
   * ±10 %. Default `{ initialInterval: '1s', backoffCoefficient: 1.5, maximumInterval: '10s' }`. Below 1 s acts as 1 s.
   */
  readonly pollInterval?:
    | Duration
    | {
        readonly initialInterval?: Duration | null
        /** 1-10. */
        readonly backoffCoefficient?: number | null
        readonly maximumInterval?: Duration | null
      }
    | null
  /** How long to wait for the run, counted from the watch's first start; `'none'`: no deadline. Default `'10m'`. */
  readonly maxPollTime?: Duration | null
  /**
   * Gives the run up when LangGraph has not changed it (`updated_at`) for this long: `error` / `polling_error`. Servers
   * change a run when its status changes, not while a node works, so take more than the longest run. Default: never.
   */
  readonly stuckAfter?: Duration | null
  /** Default `'return'`: the outcome is the workflow's result. `'fail'`: anything but a result fails the workflow with it. */
  readonly onUnsuccessful?: 'return' | 'fail' | null
}

export interface RetrievalOptions {
  readonly order: readonly RetrievalStrategy[]
  readonly timeoutMs: number
  readonly resultKeys?: readonly string[]
}

export interface WatchOptions {
  readonly run: RunRef
  readonly pollInterval: PollInterval
  /** `Infinity`: no deadline. */
  readonly maxPollTimeMs: number
  /** `Infinity`: never. */
  readonly stuckAfterMs: number
  readonly retrieval: RetrievalOptions
  readonly onUnsuccessful: 'return' | 'fail'
}

/** Parsers are total: whatever comes in, either the options or one sentence for each wrong field comes out. */
export type Parsed<T> = { readonly options: T } | { readonly problems: readonly string[] }

export function parseWatchRunInput(input: unknown): Parsed<WatchOptions> {
  return parse(input, (fields) => ({
    run: run(fields),
    pollInterval: pollInterval(fields),
    maxPollTimeMs: fields.optional('maxPollTime', maxPollTime) ?? msToNumber(defaultMaxPollTime),
    stuckAfterMs: fields.optional('stuckAfter', duration) ?? Infinity,
    retrieval: retrieval(fields),
    onUnsuccessful: fields.optional('onUnsuccessful', oneOf('return', 'fail')) ?? 'return',
  }))
}

export function parseRetrieveRunResultInput(
  input: unknown,
): Parsed<{ readonly run: RunRef; readonly retrieval: RetrievalOptions }> {
  return parse(input, (fields) => ({ run: run(fields), retrieval: retrieval(fields) }))
}

export function parseReadRunStatusInput(input: unknown): Parsed<RunRef> {
  return parse(input, run)
}

function run(fields: Fields): RunRef {
  return {
    threadId: fields.required('threadId', uuid) ?? '',
    runId: fields.required('runId', uuid) ?? '',
    deployment: fields.optional('deployment', deploymentName) ?? defaultDeployment,
  }
}

function retrieval(fields: Fields): RetrievalOptions {
  const resultKeys = fields.optional('resultKeys', fieldNames)
  return {
    order: fields.optional('retrievalOrder', strategies) ?? retrievalStrategies,
    timeoutMs: fields.optional('retrievalTimeout', retrievalTimeout) ?? msToNumber(defaultRetrievalTimeout),
    ...(resultKeys && { resultKeys }),
  }
}

function pollInterval(fields: Fields): PollInterval {
  const given = fields.get('pollInterval')
  if (!isRecord(given)) {
    const fixedMs = fields.optional('pollInterval', fixedInterval)
    if (fixedMs !== undefined) return { initialMs: fixedMs, coefficient: 1, maximumMs: fixedMs, jitter: false }
  }
  const growing = fields.nested('pollInterval')
  const initialMs = growing.optional('initialInterval', duration)
  const maximumMs = growing.optional('maximumInterval', duration)
  const coefficient = growing.optional('backoffCoefficient', backoffCoefficient)
  growing.refuseUnknown()
  if (initialMs !== undefined && maximumMs !== undefined && maximumMs < initialMs) {
    growing.refuse('maximumInterval', 'at least `initialInterval`')
  }
  // The one that is given moves the other's default out of its way.
  const defaultInitialMs = msToNumber(defaultPollInterval.initialInterval)
  const defaultMaximumMs = msToNumber(defaultPollInterval.maximumInterval)
  return {
    initialMs: initialMs ?? Math.min(defaultInitialMs, maximumMs ?? Infinity),
    coefficient: coefficient ?? defaultPollInterval.backoffCoefficient,
    maximumMs: maximumMs ?? Math.max(defaultMaximumMs, initialMs ?? 0),
    jitter: true,
  }
}

/** What a field may hold: `read` gives `undefined` for a value that is not allowed. */
interface Rule<T> {
  readonly allowed: string
  read(value: unknown): T | undefined
}

const uuid: Rule<string> = {
  allowed: 'a UUID such as 0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  read: (value) => matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, lowerCased(value)),
}

const deploymentName: Rule<string> = {
  allowed: "a deployment's name: 1-63 letters, digits, '.', '_' or '-', the first a letter or digit",
  read: (value) => matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, value),
}

const allowedDuration = "a duration above 0 and at most 365d, such as '10s', or a number of milliseconds"
const duration: Rule<number> = { allowed: allowedDuration, read: (value) => durationMs(value, '365d') }
const fixedInterval: Rule<number> = {
  allowed: `${allowedDuration}, or { initialInterval?, backoffCoefficient?, maximumInterval? }`,
  read: duration.read,
}
const maxPollTime: Rule<number> = {
  allowed: `${allowedDuration}, or 'none'`,
  read: (value) => (value === 'none' ? Infinity : duration.read(value)),
}
const retrievalTimeout: Rule<number> = {
  allowed: "a duration from 1s to 1h, such as '30s', or a number of milliseconds",
  read: (value) => {
    const ms = durationMs(value, '1h')
    return ms !== undefined && ms >= 1000 ? ms : undefined
  },
}
const backoffCoefficient: Rule<number> = {
  allowed: 'a number from 1 to 10',
  read: (value) => (typeof value === 'number' && value >= 1 && value <= 10 ? value : undefined),
}

const strategies: Rule<readonly RetrievalStrategy[]> = {
  allowed: `1-3 of ${retrievalStrategies.map((name) => `'${name}'`).join(', ')}, no repeats`,
  read: (value) => {
    const names = list(value, oneOf(...retrievalStrategies), 3)
    return names && new Set(names).size === names.length ? names : undefined
  },
}

const fieldNames: Rule<readonly string[]> = {
  allowed: '1-100 non-empty field names',
  read: (value) => list(value, { allowed: '', read: (item) => matching(/[^]/, item) }, 100),
}

function oneOf<const T extends string>(...words: readonly T[]): Rule<T> {
  return {
    allowed: words.map((word) => `'${word}'`).join(' or '),
    read: (value) => words.find((word) => word === value),
  }
}

function list<T>(value: unknown, item: Rule<T>, most: number): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > most) return undefined
  const items = value.map(item.read).filter((read) => read !== undefined)
  return items.length === value.length ? items : undefined
}

function durationMs(value: unknown, most: Duration): number | undefined {
  if (typeof value !== 'number' && !isDurationText(value)) return undefined
  const ms = msToNumber(value)
  return ms > 0 && ms <= msToNumber(most) ? Math.ceil(ms) : undefined
}

function isDurationText(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    msToNumber(value)
    return true
  } catch {
    return false
  }
}

function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined
}

function lowerCased(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parse<T>(input: unknown, read: (fields: Fields) => T): Parsed<T> {
  if (!isRecord(input)) {
    return { problems: [`the argument is ${shown(input)}: must be an object with \`threadId\` and \`runId\``] }
  }
  const fields = new Fields(input)
  const options = read(fields)
  fields.refuseUnknown()
  return fields.problems.length > 0 ? { problems: fields.problems } : { options }
}

/** A failure that names thousands of them would not fit through Temporal, and the workflow would never end. */
const mostUnknownShown = 20

/** Reads an object field by field, and remembers what was wrong and what was asked for. */
class Fields {
  readonly problems: string[]
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #known = new Set<string>()

  constructor(fields: Readonly<Record<string, unknown>>, path = '', problems: string[] = []) {
    this.#fields = fields
    this.#path = path
    this.problems = problems
  }

  /** `undefined` where the field is missing or null. */
  get(name: string): unknown {
    this.#known.add(name)
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined
  }

  optional<T>(name: string, rule: Rule<T>): T | undefined {
    return this.get(name) === undefined ? undefined : this.required(name, rule)
  }

  required<T>(name: string, rule: Rule<T>): T | undefined {
    const value = rule.read(this.get(name))
    if (value === undefined) this.refuse(name, rule.allowed)
    return value
  }

  nested(name: string): Fields {
    const fields = this.get(name)
    return new Fields(isRecord(fields) ? fields : {}, `${this.#path}${name}.`, this.problems)
  }

  refuse(name: string, allowed: string): void {
    const value = this.get(name)
    const found = value === undefined ? 'missing' : shown(value)
    this.problems.push(`\`${this.#path}${name}\` is ${found}: must be ${allowed}`)
  }

  refuseUnknown(): void {
    const known = [...this.#known]
    const unknown = Object.keys(this.#fields).filter((given) => !this.#known.has(given))
    for (const name of unknown.slice(0, mostUnknownShown)) {
      this.problems.push(
        `\`${bounded(this.#path + name, 100)}\` is unknown (value ${shown(this.#fields[name])}): allowed are ${known.join(', ')}`,
      )
    }
    if (unknown.length > mostUnknownShown) this.problems.push(`${unknown.length - mostUnknownShown} more are unknown`)
  }
}

/** A value as a person would write it, cut short; total, since a client may pass what JSON cannot hold. */
function shown(value: unknown): string {
  return bounded(written(value), 100)
}

function written(value: unknown): string {
  try {
    // JSON has no NaN and no Infinity: it would call them null.
    return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `a value that is no JSON (${typeof value})`
  }
}

/** The one sentence that an `InvalidInput` failure carries. */
export function refusal(workflowType: string, problems: readonly string[]): string {
  return `Invalid input for ${workflowType}: ${problems.join('; ')}`
}
