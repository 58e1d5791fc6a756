import { condition, currentUpdateInfo, defineUpdate, setHandler } from '@temporalio/workflow'
import { failureTypes, langGraphFailureTypes, resumeUpdateName } from '../domain/contract.ts'
import { parseResumeInput } from '../domain/input.ts'
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

/** A run that stopped to be continued, and the answers so far. */
export interface Question extends Interrupts {
  readonly next: readonly string[]
  /** From here on the human's time is not counted in `humanMs` yet. */
  sinceMs: number
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

/** `maxPollTime` does not run while a human is waited for. */
export function countHumanTime(state: WatchState, question: Question): void {
  const now = Date.now()
  state.humanMs = (state.humanMs ?? 0) + now - question.sinceMs
  question.sinceMs = now
}

/** Takes the update `resume` from here on. */
export function acceptAnswers(watch: Watch): void {
  const { state } = watch
  setHandler(
    resumeUpdate,
    async (input) => {
      const id = updateId()
      if (!isHandled(state, id)) noteAnswer(state, id, input)
      const { question } = state
      const isSettled = () =>
        state.question !== question || !question || !isAnswered(question) || watch.isRestarting || watch.isEnding
      await condition(isSettled).catch((error: unknown) => {
        throw withoutStack(error)
      })
      if (question?.refused !== undefined && !isHandled(state, id)) {
        const message = `The answer was refused, and the question is still open: ${question.refused}`
        throw failure(langGraphFailureTypes.refused, message)
      }
      const why = whyItCameToNothing(watch, question)
      if (why !== undefined) throw failure(failureTypes.notAsked, why)
      return receipt(state, state.question !== question)
    },
    {
      validator: (input) => {
        const answer = accepted(resumeUpdateName, parseResumeInput(input))
        if (isHandled(state, updateId())) return
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
  state.handledResumes = []
}

function whyItCameToNothing({ state, isEnding }: Watch, question: Question | undefined): string | undefined {
  if (state.question !== question) {
    const isOvertaken = state.chain?.at(-1)?.continued_by === 'elsewhere'
    return isOvertaken ? 'Somebody else was faster: the watch follows the run that their answer made' : undefined
  }
  return isEnding ? 'The watch ended before the answer was given to LangGraph: its outcome says why' : undefined
}

function receipt({ question, run, threadId = '' }: WatchState, isContinued: boolean): ResumeReceipt {
  return {
    open_interrupts: question ? openInterrupts(question).length : 0,
    thread_id: run?.threadId ?? threadId,
    ...(isContinued && run && { run_id: run.runId }),
  }
}

function noteAnswer(state: WatchState, id: string, input: ResumeInput | undefined): void {
  const { question } = state
  if (!question) return
  const { value, interruptId } = accepted(resumeUpdateName, parseResumeInput(input))
  delete question.refused
  state.handledResumes = [...(state.handledResumes ?? []), id].slice(-mostHandledResumes)
  if (question.interrupts.length === 0) question.goOn = true
  else if (value !== undefined) question.answers[indexOf(question, interruptId)] = value
}

function updateId(): string {
  return currentUpdateInfo()?.id ?? ''
}

function isHandled({ handledResumes = [] }: WatchState, id: string): boolean {
  return handledResumes.includes(id)
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
