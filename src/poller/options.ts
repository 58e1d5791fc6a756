import type { Client } from '@temporalio/client'
import { BackgroundRuns } from '../client.ts'
import { problemOfClient, refuse } from '../client/arguments.ts'
import { defaultDeployment, defaultTaskQueue } from '../domain/defaults.ts'
import { problemWith } from '../domain/fields.ts'
import type { Rule } from '../domain/fields.ts'
import type { Duration } from '../domain/input.ts'
import { inWords } from '../domain/problem.ts'
import { deploymentName, duration, durationOrNone } from '../domain/rules.ts'
import { bounded, shown } from '../domain/text.ts'
import { ResultStore } from '../store/result-store.ts'

type DurationWithUnit = Exclude<Duration, number | `${number}`>

/** One object serves all three classes; the retriever does not wait, and uses no duration. */
export interface PollerOptions {
  /** A Temporal client. */
  readonly client: Client
  /** A LangGraph server, by its name in the worker's configuration. Default `'default'`. */
  readonly deployment?: string
  /** The sleep between polls, all alike: a text with its unit. Default `'10s'`. Below 1 s acts as 1 s. */
  readonly pollInterval?: DurationWithUnit
  /**
   * How long to wait for the run, from the watch's first start: a text with its unit, or `'none'`. Default `'600s'`. If no
   * worker is running, the watch waits for one, even past this limit.
   */
  readonly maxPollTime?: DurationWithUnit | 'none'
  /** The worker's. Default `'langgraph-runs'`. An open watch keeps the queue that it was started on. */
  readonly taskQueue?: string
  /** The workers' result store, which `resultStore` makes: a result that they keep there then comes like any other. */
  readonly resultStore?: ResultStore
}

export interface PollerContext {
  readonly runs: BackgroundRuns
  readonly client: Client
  readonly taskQueue: string
  readonly deployment: string
  readonly pollInterval: DurationWithUnit
  readonly maxPollTime: DurationWithUnit | 'none'
}

/** The Python poller has other defaults than `watchRun`. */
const defaultPollInterval = '10s'
const defaultMaxPollTime = '600s'

/** @throws ApplicationFailure of type `InvalidInput` that names every wrong option, before anything is started */
export function contextOf(className: string, options: PollerOptions): PollerContext {
  refuse(className, problemsOf(options))
  const { client, taskQueue, deployment, pollInterval, maxPollTime, resultStore } = options
  return {
    runs: new BackgroundRuns(client, {
      taskQueue: taskQueue ?? defaultTaskQueue,
      // `null` means "not given".
      ...(resultStore && { resultStore }),
    }),
    client,
    taskQueue: taskQueue ?? defaultTaskQueue,
    deployment: deployment ?? defaultDeployment,
    pollInterval: pollInterval ?? defaultPollInterval,
    maxPollTime: maxPollTime ?? defaultMaxPollTime,
  }
}

const known = ['client', 'deployment', 'pollInterval', 'maxPollTime', 'taskQueue', 'resultStore']

const store: Rule<ResultStore> = {
  allowed: 'one that `resultStore` has made',
  read: (value) => (value instanceof ResultStore ? value : undefined),
}

const taskQueueName: Rule<string> = {
  allowed: "the name of the worker's task queue",
  read: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
}

/** Callers may be plain JavaScript, so types are checked at run time. */
function problemsOf(options: unknown): string[] {
  const given = new Map<string, unknown>(typeof options === 'object' ? Object.entries(options ?? {}) : [])
  return [
    ...problemOfClient(given.get('client')),
    ...problemOf('deployment', given.get('deployment'), deploymentName),
    ...problemOfDuration('pollInterval', given.get('pollInterval'), duration),
    ...problemOfDuration('maxPollTime', given.get('maxPollTime'), durationOrNone),
    ...problemOf('taskQueue', given.get('taskQueue'), taskQueueName),
    ...problemOf('resultStore', given.get('resultStore'), store),
    ...[...given.keys()].filter((name) => !known.includes(name)).map(problemOfUnknown),
  ]
}

/** `null` means "not given", as in every input. */
function problemOf(name: string, value: unknown, rule: Rule<unknown>): string[] {
  const isAllowed = value === undefined || value === null || rule.read(value) !== undefined
  return isAllowed ? [] : [inWords(problemWith(name, value, rule))]
}

/** A number could be a thousand times too much or too little: Python meant seconds, Temporal means milliseconds. */
function problemOfDuration(name: string, value: unknown, rule: Rule<number>): string[] {
  const number = numberIn(value)
  if (number > 0)
    return [`\`${name}\` is ${shown(value)}: seconds or milliseconds? write "${number}s" or "${number}ms"`]
  const { allowed, allowedAsText = allowed } = rule
  return problemOf(name, value, {
    allowed: allowedAsText,
    read: (given) => (typeof given === 'string' ? rule.read(given) : undefined),
  })
}

/** The number in the value, also if it is written as a text; 0 if it holds none. */
function numberIn(value: unknown): number {
  const number = typeof value === 'number' || typeof value === 'string' ? Number(value) : 0
  return Number.isFinite(number) ? number : 0
}

function problemOfUnknown(name: string): string {
  return `\`${bounded(name, 100)}\` is unknown: ${insteadOf(name)}`
}

function insteadOf(name: string): string {
  if (/^(base|api)_?(url|key)$/i.test(name)) {
    return "the worker's configuration holds the LangGraph server's URL and key, and `deployment` names it"
  }
  const allowed = `allowed are ${known.join(', ')}`
  // Python spells it with underscores.
  const meant = known.find((option) => option.toLowerCase() === name.replaceAll('_', '').toLowerCase())
  return meant === undefined ? allowed : `write \`${meant}\`; ${allowed}`
}
