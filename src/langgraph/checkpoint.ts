import { maxInterruptsBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import type { Interrupt, Interrupts, Json, KnownEnding } from '../domain/run.ts'
import { utf8Bytes } from '../domain/text.ts'
import { mostInterrupts, mostNextNodes } from './answers.ts'
import { RawJson } from './cut.ts'
import { errorText } from './error-text.ts'
import type { OwnValues } from './port.ts'
import { valuesIn } from './values.ts'
import { idOf, json, listOf, recordOf, textOf } from './wire.ts'

/** Far more than is shown of it, so that secrets are found before it is cut. */
const longestError = 16_384

/** A thread's state at one checkpoint, as `GET /state` and `POST /history` give it on every dialect. */
export interface Checkpoint {
  readonly runId?: string
  /** `update`: written by hand, not by a run, whatever run id it may carry. */
  readonly source?: string
  readonly graphId?: string
  readonly checkpointId?: string
  readonly next: readonly string[]
  readonly error?: string
  readonly interrupts: Interrupts
  /** As they were sent, if they were asked for. */
  readonly values: unknown
}

export function parseCheckpoint(wire: unknown): Checkpoint {
  const state = recordOf(wire)
  const metadata = recordOf(state['metadata'])
  const tasks = listOf(state['tasks']).map(recordOf)
  const errors = tasks.map((task) => textOf(task['error'])).filter((error) => error !== undefined)
  const asked = tasks.flatMap((task) => interruptsOf(task['interrupts'], textOf(task['name'])))
  return {
    ...present({
      runId: idOf(metadata['run_id']),
      source: textOf(metadata['source']),
      graphId: textOf(metadata['graph_id']),
      checkpointId: idOf(recordOf(state['checkpoint'])['checkpoint_id']) ?? idOf(state['checkpoint_id']),
      error: errors.length > 0 ? errors.map(errorText).join('; ').slice(0, longestError) : undefined,
    }),
    next: listOf(state['next'])
      .map(textOf)
      .filter((node) => node !== undefined)
      .slice(0, mostNextNodes),
    interrupts: boundedInterrupts(asked.length > 0 ? asked : interruptsOf(state['interrupts'])),
    values: state['values'] ?? null,
  }
}

/** Some servers still list the questions of tasks that have been answered: those have their result, and go. */
export function withoutAnswered(wire: unknown): unknown {
  const state = recordOf(wire)
  const open = listOf(state['tasks']).filter((task) => (recordOf(task)['result'] ?? null) === null)
  return { ...state, tasks: open }
}

/** The only proof that values belong to a run. */
export function isOwn({ runId, source }: Checkpoint, ofRun: string): boolean {
  return runId?.toLowerCase() === ofRun && source !== 'update'
}

export function endingAt({ next, error, interrupts, checkpointId }: Checkpoint): KnownEnding {
  return { kind: 'known', next, ...interrupts, ...present({ error, checkpointId }) }
}

/** A run's values are its result only if it has come to its end. */
export function valuesAt({ next, error, interrupts, values, checkpointId }: Checkpoint): OwnValues {
  if (next.length > 0 && error === undefined) return { found: 'interrupts', ...interrupts, next }
  if (next.length > 0) return { found: 'nothing', reason: `the run stopped half-way: ${error}` }
  return { ...valuesIn(values), ...present({ checkpointId }) }
}

/** A question as it was sent: without its value if that is too large. */
interface SentInterrupt {
  readonly interrupt: Interrupt
  readonly isWhole: boolean
}

/** Interrupts as a task, a state or a stream's `__interrupt__` lists them. */
export function interruptsOf(wire: unknown, node?: string): SentInterrupt[] {
  return listOf(wire)
    .map(recordOf)
    .map((sent) => {
      const { value } = sent
      const id = idOf(sent['id']) ?? idOf(sent['interrupt_id'])
      return { interrupt: { ...present({ id }), value: valueOf(value), ...present({ node }) }, isWhole: isWhole(value) }
    })
}

function isWhole(value: unknown): boolean {
  return !(value instanceof RawJson) || value.text !== undefined
}

function valueOf(value: unknown): Json {
  return json(value instanceof RawJson ? JSON.parse(value.text ?? 'null') : (value ?? null))
}

/** Keeps what fits: first a question's value goes, since its id is what a resume needs, then the question itself. */
export function boundedInterrupts(sent: readonly SentInterrupt[]): Interrupts {
  const kept: Interrupt[] = []
  let bytes = 0
  let truncated = sent.length > mostInterrupts
  for (const { interrupt, isWhole } of sent.slice(0, mostInterrupts)) {
    const fitting = [interrupt, { ...interrupt, value: null }].find(
      (form) => bytes + utf8Bytes(JSON.stringify(form)) <= maxInterruptsBytes,
    )
    if (fitting !== interrupt || !isWhole) truncated = true
    if (!fitting) continue
    kept.push(fitting)
    bytes += utf8Bytes(JSON.stringify(fitting))
  }
  return { interrupts: kept, ...(truncated && { truncated }) }
}
