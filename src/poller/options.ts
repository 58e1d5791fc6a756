import type { Client } from '@temporalio/client'
import { BackgroundRuns } from '../client.ts'
import { problemOfClient, refuse, shown } from '../client/arguments.ts'
import { defaultDeployment, defaultTaskQueue } from '../domain/defaults.ts'
import { parseWatchRunInput } from '../domain/parse-input.ts'
import { bounded } from '../domain/text.ts'

/** One object serves all three classes; the retriever does not wait, and uses no duration. */
export interface PollerOptions {
  /** A Temporal client. */
  readonly client: Client
  /** A LangGraph server, by its name in the worker's configuration. Default `'default'`. */
  readonly deployment?: string
  /** The sleep between polls, all alike: a text with its unit. Default `'10s'`. Below 1 s acts as 1 s. */
  readonly pollInterval?: string
  /**
   * How long to wait for the run, from the watch's first start: a text with its unit, or `'none'`. Default `'600s'`. Where
   * no worker is there, the watch waits for one, whatever the time.
   */
  readonly maxPollTime?: string
  /** The worker's. Default `'langgraph-runs'`. A watch that is open keeps the one that it was started with. */
  readonly taskQueue?: string
}

/** What the classes work with. */
export interface Means {
  readonly runs: BackgroundRuns
  readonly client: Client
  readonly taskQueue: string
  readonly deployment: string
  readonly pollInterval: string
  readonly maxPollTime: string
}

/** Those of the Python poller, which are not those of `watchRun`. */
const defaultPollInterval = '10s'
const defaultMaxPollTime = '600s'

/** @throws ApplicationFailure of type `InvalidInput` that names every wrong option, before anything is started */
export function meansOf(className: string, options: PollerOptions): Means {
  refuse(className, problemsOf(options))
  const { client, taskQueue, deployment, pollInterval, maxPollTime } = options
  return {
    runs: new BackgroundRuns(client, { taskQueue: taskQueue ?? defaultTaskQueue }),
    client,
    taskQueue: taskQueue ?? defaultTaskQueue,
    deployment: deployment ?? defaultDeployment,
    pollInterval: pollInterval ?? defaultPollInterval,
    maxPollTime: maxPollTime ?? defaultMaxPollTime,
  }
}

const known = ['client', 'deployment', 'pollInterval', 'maxPollTime', 'taskQueue']

/** JavaScript calls this too, so a type is no promise. */
function problemsOf(options: unknown): string[] {
  const given = new Map<string, unknown>(typeof options === 'object' ? Object.entries(options ?? {}) : [])
  return [
    ...problemOfClient(given.get('client')),
    ...problemOfDeployment(given.get('deployment')),
    ...problemOfDuration('pollInterval', given.get('pollInterval')),
    ...problemOfDuration('maxPollTime', given.get('maxPollTime'), `, or 'none'`),
    ...problemOfTaskQueue(given.get('taskQueue')),
    ...[...given.keys()].filter((name) => !known.includes(name)).map(problemOfUnknown),
  ]
}

function problemOfDeployment(deployment: unknown): readonly string[] {
  const parsed = parseWatchRunInput({ ...anyRun, deployment })
  return 'problems' in parsed ? parsed.problems : []
}

function problemOfTaskQueue(taskQueue: unknown): string[] {
  const isName = taskQueue === undefined || taskQueue === null || (typeof taskQueue === 'string' && taskQueue !== '')
  return isName ? [] : [`\`taskQueue\` is ${shown(taskQueue)}: must be the name of the worker's task queue`]
}

/** Python meant seconds, Temporal means milliseconds: a number might be a thousand times too much or too little. */
function problemOfDuration(name: 'pollInterval' | 'maxPollTime', value: unknown, or = ''): string[] {
  if (value === undefined || value === null) return []
  const found = `\`${name}\` is ${shown(value)}`
  const number = numberIn(value)
  if (number > 0) return [`${found}: seconds or milliseconds? write "${number}s" or "${number}ms"`]
  const isDuration = typeof value === 'string' && 'options' in parseWatchRunInput({ ...anyRun, [name]: value })
  return isDuration ? [] : [`${found}: must be a duration above 0 and at most 365d with its unit, such as "10s"${or}`]
}

/** Also one that is written as a text; 0 where there is none. */
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
  // As Python spells it.
  const meant = known.find((option) => option.toLowerCase() === name.replaceAll('_', '').toLowerCase())
  return meant === undefined ? allowed : `write \`${meant}\`; ${allowed}`
}

/** So that the parser of `watchRun` judges the rest. */
const anyRun = { threadId: '00000000-0000-0000-0000-000000000000', runId: '00000000-0000-0000-0000-000000000000' }
