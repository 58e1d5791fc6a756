import { maxAnswersBytes } from '../domain/defaults.ts'
import type { StateNow } from '../domain/creation.ts'
import type { WatchOptions } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { WatchOutcome } from '../domain/outcome.ts'
import type { Interrupt, Json, ReadInterrupts } from '../domain/run.ts'
import { utf8Bytes } from '../domain/text.ts'

/** A run that stopped to be continued, and the answers so far. */
export interface Question extends ReadInterrupts {
  readonly next: readonly string[]
  /** Absent: no limit. */
  readonly untilMs?: number
  /** The index of the interrupt → its answer. The run continues when all are answered. */
  readonly answers: Readonly<Record<number, Json>>
  /** At a breakpoint: somebody said to continue. */
  readonly goOn: boolean
  /** Why the last answer could not be carried out. */
  readonly refused?: string | undefined
  /** Why the last answer was not given to LangGraph: somebody has edited the thread's state. */
  readonly lost?: string | undefined
  /** The receiver of notifications has been told of it. */
  readonly isNotified?: true
  /** Looks so far for what somebody else has done. */
  readonly looks: number
  readonly failedLooks: number
}

export interface Answer {
  readonly value: Json | undefined
  readonly interruptId: string | undefined
}

/** What to ask a human; `undefined` if the outcome is the end. */
export function questionIn(
  { onInterrupt, humanTimeoutMs }: WatchOptions,
  outcome: WatchOutcome,
  nowMs: number,
): Question | undefined {
  const isQuestion = outcome.polling_result === 'interrupted' && outcome.interrupts !== undefined
  if (!isQuestion || onInterrupt === 'return') return undefined
  const { interrupts = [], truncated, next = [], inexact_numbers: inexactNumbers } = outcome
  const untilMs = Number.isFinite(humanTimeoutMs) ? nowMs + humanTimeoutMs : undefined
  return {
    interrupts,
    next,
    answers: {},
    goOn: false,
    looks: 0,
    failedLooks: 0,
    ...present({ truncated, inexactNumbers, untilMs }),
  }
}

/** Those that nobody has answered yet. */
export function openInterrupts({ interrupts, answers }: Question): readonly Interrupt[] {
  return interrupts.filter((_, index) => answers[index] === undefined)
}

export function isAnswered(question: Question): boolean {
  return question.interrupts.length === 0 ? question.goOn : openInterrupts(question).length === 0
}

/** The question with one more answer, which `whatIsWrong` has nothing against. */
export function withAnswer(question: Question, { value, interruptId }: Answer): Question {
  const { interrupts, answers } = question
  const open = { ...question, refused: undefined, lost: undefined }
  if (interrupts.length === 0) return { ...open, goOn: true }
  const given = value === undefined ? {} : { [indexOf(question, interruptId)]: value }
  return { ...open, answers: { ...answers, ...given } }
}

/** The question without its answers: each may be given once more. */
export function reopened(question: Question, refused: string): Question {
  return { ...question, answers: {}, goOn: false, refused }
}

/** What the edited state asks, for as long as the question that it takes the place of. */
export function editedQuestion({ looks, untilMs }: Question, now: StateNow): Question {
  const lost =
    "The thread's state was edited by hand, and this is not asked any more: the query `progress` shows what is"
  return { ...now, answers: {}, goOn: false, lost, looks, failedLooks: 0, ...present({ untilMs }) }
}

/** What LangGraph is given: by id, since the answers to several questions would otherwise be mixed up. */
export function answersOf({ interrupts, answers }: Question): Json | undefined {
  const [first] = interrupts
  if (!first) return undefined
  const byId = interrupts.flatMap(({ id }, index) => (id === undefined ? [] : [[id, answers[index] ?? null] as const]))
  return byId.length === interrupts.length ? Object.fromEntries(byId) : (answers[0] ?? null)
}

export function whatIsWrong(question: Question, { value, interruptId }: Answer): string | undefined {
  if (isAnswered(question)) return 'The question has been answered already'
  if (question.interrupts.length === 0) {
    if (value === undefined && interruptId === undefined) return undefined
    return 'The run stopped at a breakpoint and asks nothing: resume it without `value` and `interruptId`'
  }
  const open = openInterrupts(question)
  const index = indexOf(question, interruptId)
  if (index === -1 && interruptId === undefined) {
    return `${open.length} questions are open: set \`interruptId\` to one of ${ids(open)}`
  }
  if (index === -1) return `The run has no question "${interruptId}"; open: ${ids(open)}`
  if (question.answers[index] !== undefined) {
    return `The question "${interruptId}" has been answered already; open: ${ids(open)}`
  }
  if (value === undefined) return '`value` is missing: the answer, any JSON but null'
  const bytes = utf8Bytes(JSON.stringify([value, question.answers]))
  return bytes > maxAnswersBytes
    ? `All answers together are ${bytes} bytes of JSON: at most ${maxAnswersBytes}`
    : undefined
}

/** The question that is meant, if only one can be; else -1. */
function indexOf({ interrupts, answers }: Question, interruptId: string | undefined): number {
  if (interruptId !== undefined) return interrupts.findIndex(({ id }) => id === interruptId)
  const open = interrupts.flatMap((_, index) => (answers[index] === undefined ? [index] : []))
  return open.length === 1 ? (open[0] ?? -1) : -1
}

function ids(interrupts: readonly Interrupt[]): string {
  return interrupts
    .map(({ id }) => (id === undefined ? 'one without an id (answer it in LangGraph)' : `"${id}"`))
    .join(', ')
}
