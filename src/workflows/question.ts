import { condition, currentUpdateInfo, defineUpdate, setHandler } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes, resumeUpdateName } from '../domain/contract.ts'
import { parseResumeInput } from '../domain/parse-input.ts'
import type { ResumeInput } from '../domain/input.ts'
import type { ResumeReceipt } from '../domain/outcome.ts'
import type { Interrupt, Interrupts, Json } from '../domain/run.ts'
import { accepted, failure, withoutStack } from './failures.ts'
import type { Watch, WatchState } from './watch.ts'
import { maxAnswersBytes } from '../domain/defaults.ts'
import { utf8Bytes } from '../domain/text.ts'

/** Answers the question that the run waits with. Accepted only while one is open; carried out once. */
const resumeUpdate = defineUpdate<ResumeReceipt, [input: ResumeInput | undefined]>(resumeUpdateName)

const mostHandledResumes = 200

export interface HandledResume {
  readonly id: string
  /** Which question it answered: the 0th is the first run's. */
  readonly question: number
}

/** A run that stopped to be continued, and the answers so far. */
export interface Question extends Interrupts {
  readonly next: readonly string[]
  /** Absent: no limit. */
  readonly untilMs?: number
  /** The index of the interrupt → its answer. The run goes on when all are answered. */
  answers: Record<number, Json>
  /** At a breakpoint: somebody said to go on. */
  goOn: boolean
  /** Why the last answer could not be carried out. */
  refused?: string
  /** Looks so far for a run that somebody else made. */
  looks: number
}

/** Those that nobody has answered yet. */
export function openInterrupts({ interrupts, answers }: Question): readonly Interrupt[] {
  return interrupts.filter((_, index) => answers[index] === undefined)
}

export function isAnswered(question: Question): boolean {
  return question.interrupts.length === 0 ? question.goOn : openInterrupts(question).length === 0
}

/** Takes the update `resume` from here on. */
export function acceptAnswers(watch: Watch): void {
  const { state } = watch
  setHandler(
    resumeUpdate,
    async (input) => {
      const id = updateId()
      if (!handled(state, id)) noteAnswer(state, id, input)
      const n = handled(state, id)?.question ?? NaN
      const isOpen = () => n === numberOf(state)
      const isSettled = () =>
        !isOpen() || !state.question || !isAnswered(state.question) || watch.isRestarting || watch.isEnding
      await condition(isSettled).catch((error: unknown) => {
        throw withoutStack(error)
      })
      if (!handled(state, id) && state.question?.refused !== undefined) {
        const message = `The answer was refused, and the question is still open: ${state.question.refused}`
        throw failure(langGraphFailureTypes.refused, message)
      }
      refuseWhatCameToNothing(watch, n)
      return receipt(state, n)
    },
    {
      validator: (input) => {
        const answer = accepted(resumeUpdateName, parseResumeInput(input))
        if (handled(state, updateId())) return
        refuseWrongAnswer(watch.isEnding || state.cancelAsked ? undefined : state.question, answer)
      },
    },
  )
}

/** The question is open again, and each answer may be sent once more. */
export function takeAnswersBack(state: WatchState, question: Question, reason: string): void {
  question.answers = {}
  question.goOn = false
  question.refused = reason
  state.handledResumes = (state.handledResumes ?? []).filter((resume) => resume.question !== numberOf(state))
}

/** Of the question that is open, or comes next. */
function numberOf({ chain = [] }: WatchState): number {
  return chain.length
}

function refuseWhatCameToNothing({ state, isEnding }: Watch, n: number): void {
  if (state.chain?.[n]?.continued_by === 'elsewhere') {
    const message = 'Somebody else was faster: the watch follows the run that their answer made'
    throw failure(failureTypes.notAsked, message)
  }
  if (n !== numberOf(state) || !isEnding) return
  if (state.unansweredUntilMs === undefined) {
    const message = 'The watch ended before the answer was given to LangGraph: its outcome says why'
    throw failure(failureTypes.notAsked, message)
  }
  const message = `The watch ended, and LangGraph has not said whether it took the answer: ${state.lastError}`
  throw failure(langGraphFailureTypes.unavailable, message)
}

function receipt({ question, run, threadId = '', chain = [] }: WatchState, n: number): ResumeReceipt {
  const isOpen = n === chain.length
  const next = chain[n + 1]?.run_id ?? run?.runId
  return {
    open_interrupts: isOpen && question ? openInterrupts(question).length : 0,
    thread_id: run?.threadId ?? threadId,
    ...(!isOpen && next !== undefined && { run_id: next }),
  }
}

function noteAnswer(state: WatchState, id: string, input: ResumeInput | undefined): void {
  const { question } = state
  if (!question) return
  const { value, interruptId } = accepted(resumeUpdateName, parseResumeInput(input))
  delete question.refused
  const handledNow = { id, question: numberOf(state) }
  state.handledResumes = [...(state.handledResumes ?? []), handledNow].slice(-mostHandledResumes)
  if (question.interrupts.length === 0) question.goOn = true
  else if (value !== undefined) question.answers[indexOf(question, interruptId)] = value
  if (!isAnswered(question)) return
  // The human's time is not counted, and the run that goes on has all of `maxPollTime`.
  state.timeFromMs = Date.now()
  delete state.nextPollAtMs
}

function updateId(): string {
  return currentUpdateInfo()?.id ?? ''
}

function handled({ handledResumes = [] }: WatchState, id: string): HandledResume | undefined {
  return handledResumes.find((resume) => resume.id === id)
}

interface Answer {
  readonly value: Json | undefined
  readonly interruptId: string | undefined
}

function refuseWrongAnswer(question: Question | undefined, answer: Answer): void {
  const why = question ? whatIsWrong(question, answer) : 'No answer is waited for: the query `progress` says what is'
  if (why !== undefined) throw failure(failureTypes.notAsked, why)
}

function whatIsWrong(question: Question, { value, interruptId }: Answer): string | undefined {
  if (isAnswered(question)) return 'The question has been answered already'
  if (question.interrupts.length === 0) {
    if (value === undefined && interruptId === undefined) return undefined
    return 'The run stopped at a breakpoint and asks nothing: resume it without `value` and `interruptId`'
  }
  const open = openInterrupts(question)
  const index = indexOf(question, interruptId)
  if (index === -1 && interruptId === undefined) {
    return `${open.length} questions are open: say in \`interruptId\` which one, of ${ids(open)}`
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

/** The question that is meant, where only one can be; else -1. */
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
