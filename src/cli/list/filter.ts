import { workflowTypes } from '../../domain/contract.ts'
import { endedStates, isEndedState, isOpenState, searchAttributes } from '../../domain/state.ts'
import { maxAttributeBytes } from '../../domain/defaults.ts'
import { bounded } from '../../domain/text.ts'
import type { Listed } from './listed.ts'
import { openWords } from './states.ts'
import type { ListedState } from './states.ts'

/** What is looked for. Absent: all of them. */
export interface Filter {
  readonly states?: readonly ListedState[]
  readonly thread?: string
  readonly assistant?: string
  readonly deployment?: string
  /** Open ones that started since then, and others that ended since then. */
  readonly since?: Date
}

/** Whether a row is what is looked for, whatever the query could decide. `since` is in every query. */
export function matches({ states, thread, assistant, deployment }: Filter, one: Listed): boolean {
  return (
    (states === undefined || states.includes(one.state)) &&
    (thread === undefined || one.thread_id === thread) &&
    (assistant === undefined || one.assistant === bounded(assistant, maxAttributeBytes)) &&
    (deployment === undefined || one.deployment === deployment)
  )
}

/** The workflow types of watches. */
const ofWatches = `WorkflowType IN ('${workflowTypes.watchRun}', '${workflowTypes.executeRun}')`

/** What every workflow of ours can be asked for, whatever the namespace has. It may match more than the filter. */
export function queryWithoutAttributes({ states, since, deployment }: Filter): string {
  return every([
    ofWatches,
    `ExecutionStatus != 'ContinuedAsNew'`,
    states?.every((state) => openWords.includes(state)) && 'CloseTime IS NULL',
    states?.every((state) => !openWords.includes(state)) && 'CloseTime IS NOT NULL',
    since && `(StartTime >= '${since.toISOString()}' OR CloseTime >= '${since.toISOString()}')`,
    deployment !== undefined &&
      `(WorkflowId STARTS_WITH ${text(`watch-run/${deployment}/`)} OR WorkflowId NOT STARTS_WITH 'watch-run/')`,
  ])
}

/** Those among them that the search attributes decide; `undefined`: the filter needs none. */
export function attributesQuery({ states, thread, assistant }: Filter): string | undefined {
  if (states === undefined && thread === undefined && assistant === undefined) return undefined
  return every([
    `${searchAttributes.state} IS NOT NULL`,
    states && stateQuery(states),
    thread !== undefined && `${searchAttributes.thread} = ${text(thread)}`,
    canBeAsked(assistant) && `${searchAttributes.assistant} = ${text(bounded(assistant, maxAttributeBytes))}`,
  ])
}

/** Whether a query with the search attributes decides all of it. None of them holds the deployment. */
export function isDecidedByQuery({ deployment, assistant }: Filter): boolean {
  return deployment === undefined && (assistant === undefined || canBeAsked(assistant))
}

/** No escape of a backslash finds one (dev server 1.32). */
function canBeAsked(text: string | undefined): text is string {
  return text !== undefined && !text.includes('\\')
}

/** A watch of before, one that no worker has taken up yet, or one whose worker goes without search attributes. */
export const withoutAttributes = `${searchAttributes.state} IS NULL`

export const waitingForHuman = `${searchAttributes.state} = 'human' AND CloseTime IS NULL`

function stateQuery(states: readonly ListedState[]): string {
  const open = states.filter(isOpenState)
  const ended = states.filter(isEndedState)
  const closed = states.flatMap((state) => executionStatus[state] ?? [])
  const parts = [
    open.length > 0 && `(${searchAttributes.state} IN (${texts(open)}) AND CloseTime IS NULL)`,
    ended.length > 0 && `${searchAttributes.state} IN (${texts(ended)})`,
    closed.length > 0 &&
      `(ExecutionStatus IN (${texts(closed)}) AND ${searchAttributes.state} NOT IN (${texts(endedStates)}))`,
  ]
  // `running` is the word for an open one without a state: none of those with the attribute.
  return `(${parts.filter(Boolean).join(' OR ') || withoutAttributes})`
}

/** Temporal's own words for what has closed, as its queries spell them. */
const executionStatus: Readonly<Partial<Record<ListedState, string>>> = {
  completed: 'Completed',
  failed: 'Failed',
  cancelled: 'Canceled',
  terminated: 'Terminated',
  timed_out: 'TimedOut',
}

export function every(parts: readonly (string | false | undefined)[]): string {
  return parts.filter(Boolean).join(' AND ')
}

function texts(words: readonly string[]): string {
  return words.map(text).join(', ')
}

/** A text in a query. */
function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
