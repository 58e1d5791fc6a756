import { maxInterruptsBytes } from '../domain/defaults.ts'
import { below, mostPaths, parsedWithRounded } from '../domain/inexact-numbers.ts'
import { present } from '../domain/json.ts'
import { isWaiting } from '../domain/run.ts'
import type { Interrupt, Json, KnownEnding, ReadInterrupts } from '../domain/run.ts'
import { utf8Bytes } from '../domain/text.ts'
import { mostInterrupts, mostNextNodes } from './answers.ts'
import { RawJson } from './cut.ts'
import { cancelledWordOf, errorText } from './error-text.ts'
import type { OwnValues } from './port.ts'
import { valuesIn } from './values.ts'
import { idOf, json, listOf, recordOf, textOf, utcTime } from './wire.ts'

/** Far more than is shown of it, so that secrets are found before it is cut. */
const longestError = 16_384

/** What Python leaves in each node that was running when its run was stopped. */
const noise = /^([\w.]+\.)?CancelledError(:|$)/
/** What JavaScript leaves in the nodes that it stops because another one has failed. */
const stoppedByAnother = /^AbortError(:|$)/

/** A thread's state at one checkpoint, as `GET /state` and `POST /history` give it on every dialect. */
export interface Checkpoint {
  readonly runId?: string
  /** `update`: written by hand, not by a run, whatever run id it may carry. */
  readonly source?: string
  readonly checkpointId?: string
  readonly createdAtMs?: number
  readonly next: readonly string[]
  readonly error?: string
  readonly failedNodes?: readonly string[]
  /** What stands for an error if a server left in a node how the run was cancelled. */
  readonly cancelledAs?: string
  readonly interrupts: ReadInterrupts
  /** As they were sent, if they were asked for. */
  readonly values: unknown
}

export function parseCheckpoint(wire: unknown): Checkpoint {
  const state = recordOf(wire)
  const metadata = recordOf(state['metadata'])
  const tasks = listOf(state['tasks']).map(recordOf)
  const stopped = tasks.flatMap(({ name, error }) => textsIn([error]).map((text) => ({ name, text: errorText(text) })))
  const failed = failuresIn(stopped)
  const errors = failed.map(({ text }) => text)
  const failedNodes = [...new Set(textsIn(failed.map(({ name }) => name)))]
  const [cancelledAs] = textsIn(stopped.map(({ text }) => cancelledWordOf(text)))
  const asked = tasks.flatMap((task) => interruptsOf(task['interrupts'], textOf(task['name'])))
  return {
    ...present({
      runId: idOf(metadata['run_id']),
      source: textOf(metadata['source']),
      checkpointId: idOf(recordOf(state['checkpoint'])['checkpoint_id']) ?? idOf(state['checkpoint_id']),
      createdAtMs: Date.parse(utcTime(state['created_at']) ?? '') || undefined,
      error: errors.length > 0 ? errors.join('; ').slice(0, longestError) : undefined,
      failedNodes: failedNodes.length > 0 ? failedNodes : undefined,
      cancelledAs,
    }),
    next: nextIn(textsIn(state['next']), tasks).slice(0, mostNextNodes),
    interrupts: boundedInterrupts(asked.length > 0 ? asked : interruptsOf(state['interrupts'])),
    values: state['values'] ?? null,
  }
}

/** An error may be no failure of its node, but what stopping it has left. */
function failuresIn<T extends { readonly text: string }>(stopped: readonly T[]): readonly T[] {
  const failed = stopped.filter(({ text }) => !noise.test(text) && cancelledWordOf(text) === undefined)
  const first = failed.filter(({ text }) => !stoppedByAnother.test(text))
  return first.length > 0 ? first : failed
}

/** Some servers list a node that has finished beside others that have not, and some leave out one that has failed. */
function nextIn(listed: readonly string[], tasks: readonly Readonly<Record<string, unknown>>[]): readonly string[] {
  const namesOf = (some: typeof tasks) => new Set(textsIn(some.map(({ name }) => name)))
  const open = namesOf(tasks.filter(isOpen))
  if (open.size === 0) return listed
  const finished = namesOf(tasks.filter((task) => !isOpen(task)))
  const left = listed.filter((name) => open.has(name) || !finished.has(name))
  return [...left, ...[...open].filter((name) => !left.includes(name))]
}

function isOpen(task: Readonly<Record<string, unknown>>): boolean {
  return (task['result'] ?? null) === null
}

function textsIn(wire: unknown): readonly string[] {
  return listOf(wire)
    .map(textOf)
    .filter((text) => text !== undefined)
}

/** Some servers still list the questions of tasks that have been answered, and have their result. */
export function withoutAnswered(wire: unknown): unknown {
  const state = recordOf(wire)
  const tasks = listOf(state['tasks']).map(recordOf)
  return { ...state, tasks: tasks.map((task) => (isOpen(task) ? task : { ...task, interrupts: [] })) }
}

/** The only proof that values belong to a run. */
export function isOwn({ runId, source }: Checkpoint, ofRun: string): boolean {
  return runId?.toLowerCase() === ofRun && source !== 'update'
}

export function endingAt({ next, error, failedNodes, interrupts, checkpointId }: Checkpoint): KnownEnding {
  return { kind: 'known', next, ...interrupts, ...present({ error, failedNodes, checkpointId }) }
}

/** A run's values are its result only if it has come to its end. */
export function valuesAt({ values }: Checkpoint, ending: KnownEnding): OwnValues {
  const { next, error, checkpointId, interrupts, truncated, inexactNumbers } = ending
  if (error !== undefined) return { found: 'nothing', reason: `the run stopped half-way: ${error}` }
  if (isWaiting(ending)) return { found: 'interrupts', interrupts, next, ...present({ truncated, inexactNumbers }) }
  return { ...valuesIn(values), ...present({ checkpointId }) }
}

/** A question as it was sent: without its value if that is too large. */
interface SentInterrupt {
  readonly interrupt: Interrupt
  readonly isWhole: boolean
  /** Where its value holds rounded integers. */
  readonly rounded: readonly string[]
}

/** Interrupts as a task, a state or a stream's `__interrupt__` lists them. */
export function interruptsOf(wire: unknown, node?: string): SentInterrupt[] {
  return listOf(wire)
    .map(recordOf)
    .map((sent) => {
      const { value, paths, isWhole } = valueOf(sent['value'])
      const id = idOf(sent['id']) ?? idOf(sent['interrupt_id'])
      return { interrupt: { ...present({ id }), value, ...present({ node }) }, isWhole, rounded: paths }
    })
}

function valueOf(sent: unknown): {
  readonly value: Json
  readonly paths: readonly string[]
  readonly isWhole: boolean
} {
  if (!(sent instanceof RawJson)) return { value: json(sent ?? null), paths: [], isWhole: true }
  const { value, paths } = parsedWithRounded(sent.text ?? 'null')
  return { value: json(value), paths, isWhole: sent.text !== undefined }
}

/** Keeps what fits: first a question's value goes, since its id is what a resume needs, then the question itself. */
export function boundedInterrupts(sent: readonly SentInterrupt[]): ReadInterrupts {
  const kept: Interrupt[] = []
  const inexactNumbers: string[] = []
  let bytes = 0
  let truncated = sent.length > mostInterrupts
  for (const { interrupt, isWhole, rounded } of sent.slice(0, mostInterrupts)) {
    const fitting = [interrupt, { ...interrupt, value: null }].find(
      (form) => bytes + utf8Bytes(JSON.stringify(form)) <= maxInterruptsBytes,
    )
    if (fitting !== interrupt || !isWhole) truncated = true
    if (!fitting) continue
    if (fitting === interrupt) inexactNumbers.push(...below(`interrupts[${kept.length}].value`, rounded))
    kept.push(fitting)
    bytes += utf8Bytes(JSON.stringify(fitting))
  }
  const named = inexactNumbers.slice(0, mostPaths)
  return { interrupts: kept, ...(truncated && { truncated }), ...(named.length > 0 && { inexactNumbers: named }) }
}
