import type { CancelAction, Cancellation, Creation } from '../domain/creation.ts'
import { longestDelaySeconds, maxReasonBytes } from '../domain/defaults.ts'
import { present } from '../domain/json.ts'
import { isTerminal } from '../domain/run.ts'
import type { Interrupt, Polled, RunRef, Shown } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { msOf } from './clock.ts'
import type { Memory, Polls, Retry } from './memory.ts'
import { isAnswered, reopened, withAnswer } from './question.ts'
import type { Answer, Question } from './question.ts'

const mostHandledResumes = 200

/** What a watch remembers, and all that can happen to it: nothing else changes the memory. A time is an argument. */
export class WatchMemory {
  #memory: Memory
  /** Updates `cancelRun` that are being carried out. */
  #cancellations = 0

  constructor(memory: Memory) {
    this.#memory = memory
  }

  get memory(): Memory {
    return this.#memory
  }

  /** The run that is waited for. */
  get run(): RunRef {
    if (!this.#memory.run) throw new Error('there is no run yet')
    return this.#memory.run
  }

  /** The number of the question that is open, or comes next. */
  get questionNumber(): number {
    return this.#memory.chain.length
  }

  /** How many runs there were in which the graph was tried. */
  get attempts(): number {
    return 1 + this.#memory.chain.filter(({ continued_by }) => continued_by === 'retry').length
  }

  /** The run that is waited for continues a failed one. */
  get isRetry(): boolean {
    return this.#memory.chain.at(-1)?.continued_by === 'retry'
  }

  /** Polls in a row without an answer, for the activity that may tell of an outage. */
  get unanswered(): { readonly unanswered?: number } {
    const { inARow = 0 } = this.#memory.polls.unanswered ?? {}
    return inARow > 0 && this.#memory.shown?.notifies ? { unanswered: inARow } : {}
  }

  /** The server was asked to create a run and has not said what came of it. */
  get mayHaveCreated(): boolean {
    return this.#memory.creation.unknown?.what === 'created'
  }

  /** Why it is not known which run there is, if so. */
  whatIsUnknown(): Cancellation | undefined {
    const { unknown } = this.#memory.creation
    if (!unknown) return undefined
    const what =
      unknown.what === 'created'
        ? 'A run may have been created'
        : 'Whether another run continues this one could not be found out'
    return { result: 'cancel_unconfirmed', error: `${what}: ${unknown.error}` }
  }

  /** @param isHint it comes from a program, to which every end of a run is news, and does not cut the pause after a failure */
  wake(isHint = false): void {
    if (!isHint || !this.#memory.retry) this.#change({ isWoken: true })
  }

  /** From here on another run is waited for, and the sleeps begin again. */
  turnTo(run: RunRef): void {
    this.#change({ run })
    this.changePolls({
      sleeps: 0,
      failedInARow: 0,
      unanswered: undefined,
      unreadableInARow: 0,
      lastError: undefined,
      seen: undefined,
      swept: undefined,
    })
  }

  /** The run begins then: until then no time limit runs. */
  dueAt(dueAtMs: number): void {
    const { fromMs = this.#memory.startedAtMs } = this.#memory.polls
    if (dueAtMs > fromMs) this.changePolls({ fromMs: dueAtMs })
  }

  pollBegins(): void {
    this.#change({ isWoken: false })
    this.changePolls({ count: this.#memory.polls.count + 1 })
  }

  pollAnswered({ status, updatedAt, dueAt, isStateless, ending, swept, askedAtMs }: Polled): void {
    const { count, seen, failedInARow, unreadableInARow } = this.#memory.polls
    const hadEnded = isTerminal(status) && (count === 1 || seen?.hadEnded === true)
    const dueAtMs = dueAt === undefined ? 0 : msOf(dueAt)
    // Believed once, and for a year at most: otherwise a server could make the watch endless.
    const isCredible =
      askedAtMs !== undefined && seen === undefined && dueAtMs - askedAtMs <= longestDelaySeconds * 1000
    if (isCredible && dueAtMs > askedAtMs) this.dueAt(dueAtMs)
    const firstSeenMs = seen?.status === status ? (seen.sinceMs ?? askedAtMs) : askedAtMs
    const changedAtMs = updatedAt === undefined ? firstSeenMs : msOf(updatedAt)
    const sinceMs = changedAtMs === undefined ? undefined : Math.max(changedAtMs, dueAtMs)
    this.wasReached()
    this.changePolls({
      unanswered: undefined,
      seen: {
        status,
        updatedAt: updatedAt ?? seen?.updatedAt,
        isStateless,
        sinceMs,
        polledAtMs: askedAtMs,
        ...(hadEnded && { hadEnded }),
      },
      swept,
    })
    if (ending?.kind !== 'unreadable') {
      this.changePolls({ failedInARow: 0, unreadableInARow: 0, lastError: undefined })
      return
    }
    this.changePolls({ failedInARow: failedInARow + 1, unreadableInARow: unreadableInARow + 1 })
    this.noteError(`the run has ended (${status}), but how could not be read: ${ending.reason}`)
  }

  /**
   * A poll, or a try to create the run, got no answer or a refusal.
   *
   * @param isNotAsked the worker keeps to a limit of its own, which is no outage
   */
  pollFailed(message: string, nowMs = 0, isNotAsked = false): void {
    const { failedInARow, unanswered = { inARow: 0, sinceMs: nowMs } } = this.#memory.polls
    this.changePolls({ failedInARow: failedInARow + 1, unreadableInARow: 0, swept: undefined })
    if (!isNotAsked) this.changePolls({ unanswered: { ...unanswered, inARow: unanswered.inARow + 1 } })
    this.noteError(message)
  }

  /**
   * What an activity said may be shown. The memo is kept from the first word on. Search attributes may vanish, so the last
   * word counts; links stay until others come.
   */
  mayShow({ memo, searchAttributes, notifies, links }: Shown): void {
    const known = this.#memory.shown
    const isKept = memo ?? known?.memo
    if (!isKept) return
    this.#change({ shown: { memo: isKept, ...present({ searchAttributes, notifies, links: links ?? known?.links }) } })
  }

  deploymentKnown(): void {
    this.#change({ isDeploymentKnown: true })
  }

  creationAnswered(creation: Creation): void {
    const { threadId, kind } = creation
    const unknown = kind === 'busy' || kind === 'unproven' ? this.#memory.creation.unknown : undefined
    this.wasReached()
    this.#change({ creation: { threadId, unknown } })
    this.changePolls({ failedInARow: 0, unanswered: undefined })
    if (kind === 'busy') this.noteError(`the thread is busy: ${creation.reason}`)
  }

  /** The server was asked to create a run and has not answered. */
  creationUnanswered(error: string): void {
    this.#change({ creation: { ...this.#memory.creation, unknown: { what: 'created', error } } })
  }

  /** Looking for a run failed too often. */
  runNotFoundOut(error: string): void {
    const { what = 'continued' } = this.#memory.creation.unknown ?? {}
    this.#change({ creation: { ...this.#memory.creation, unknown: { what, error } } })
  }

  asked(question: Question): void {
    this.#change({ question })
    this.changePolls({ next: undefined })
  }

  questionNotified(): void {
    const { question } = this.#memory
    this.#change({ question: question && { ...question, isNotified: true } })
  }

  /** A try to create the run, or a look whether somebody else has answered. */
  tryBegins(): void {
    this.#change({ isWoken: false })
  }

  lookAnswered(): void {
    const { question } = this.#memory
    this.wasReached()
    this.#change({ question: question && { ...question, looks: question.looks + 1, failedLooks: 0 } })
    this.changePolls({ lastError: undefined })
  }

  lookFailed(message: string): void {
    const { question } = this.#memory
    this.#change({ question: question && { ...question, failedLooks: question.failedLooks + 1 } })
    this.noteError(message)
  }

  answered(id: string, answer: Answer, nowMs: number): void {
    const { question, handledResumes } = this.#memory
    if (!question) return
    const after = withAnswer(question, answer)
    const handled = [...handledResumes, { id, question: this.questionNumber }].slice(-mostHandledResumes)
    this.#change({ question: after, handledResumes: handled })
    // The human's time is not counted, and the run that continues has all of `maxPollTime`.
    if (isAnswered(after)) this.changePolls({ fromMs: nowMs, next: undefined })
  }

  /** The question is open again, and each answer may be sent once more. */
  answersRefused(reason: string): void {
    const { question } = this.#memory
    this.#change({ question: question && reopened(question, reason) })
    this.#forgetAnswers()
  }

  /** Somebody has edited the thread's state, and another run had to ask again: the answers are not given yet. */
  askedAgain(run: RunRef): void {
    const before = { run_id: this.run.runId, status: 'interrupted', continued_by: 'resume' } as const
    const { chain, handledResumes } = this.#memory
    const number = this.questionNumber
    this.#change({
      run,
      chain: [...chain, before],
      handledResumes: handledResumes.map((one) => (one.question === number ? { ...one, question: number + 1 } : one)),
    })
    this.changePolls({ next: undefined })
  }

  /** Somebody has edited the thread's state: the same is asked under other ids. */
  askedUnderOtherIds(interrupts: readonly Interrupt[]): void {
    const { question } = this.#memory
    this.#change({ question: question && { ...question, interrupts } })
  }

  /** Somebody has edited the thread's state: this is asked now. */
  askedAnew(question: Question): void {
    this.#change({ question })
    this.#forgetAnswers()
  }

  #forgetAnswers(): void {
    const { handledResumes } = this.#memory
    this.#change({ handledResumes: handledResumes.filter((resume) => resume.question !== this.questionNumber) })
  }

  /** Another run continues the one that asked. */
  follow(run: RunRef, by: 'resume' | 'elsewhere', nowMs: number): void {
    const before = { run_id: this.run.runId, status: 'interrupted', continued_by: by }
    this.#change({ chain: [...this.#memory.chain, before], question: undefined })
    if (by === 'elsewhere') this.changePolls({ fromMs: nowMs })
    this.turnTo(run)
  }

  /** The run has failed, and is to be continued. What has woken the watch before does not cut the pause. */
  failed(retry: Retry): void {
    this.#change({ retry, isWoken: false })
    this.changePolls({ next: undefined })
  }

  /** The pause is over: the next attempt has all of `maxPollTime`. */
  attemptBegins(nowMs: number): void {
    const { retry } = this.#memory
    this.#change({ retry: retry && { ...retry, dueAtMs: undefined } })
    this.changePolls({ fromMs: nowMs, sleeps: 0, swept: undefined })
  }

  /** Another run continues the one that has failed. */
  retried(run: RunRef): void {
    const { retry, chain } = this.#memory
    if (!retry) return
    const { status, error } = retry.failed
    const before = {
      run_id: this.run.runId,
      status,
      continued_by: 'retry',
      error: bounded(error, maxReasonBytes),
    } as const
    this.#change({ chain: [...chain, before], retry: undefined })
    this.turnTo(run)
  }

  /** Of several the action that undoes more counts. */
  cancelAsked(action: CancelAction): void {
    this.#cancellations += 1
    const { cancelling = { action, isSent: false } } = this.#memory
    this.#change({ cancelling: { ...cancelling, action: cancelling.action === 'rollback' ? 'rollback' : action } })
  }

  /** The server is asked to cancel the run: from here on it is known why it stops. */
  cancelSent(): void {
    const { cancelling } = this.#memory
    this.#change({ cancelling: cancelling && { ...cancelling, isSent: true } })
  }

  /** The run does not stop: whatever becomes of it now is not of this, unless another update still cancels it. */
  cancelFailed(): void {
    if (this.#cancellations === 1) this.#change({ cancelling: undefined })
  }

  cancelEnds(): void {
    this.#cancellations -= 1
  }

  noteError(message: string): void {
    const error = bounded(message, maxReasonBytes)
    const { creation } = this.#memory
    this.changePolls({ lastError: error })
    if (creation.unknown) this.#change({ creation: { ...creation, unknown: { ...creation.unknown, error } } })
  }

  /** LangGraph has given a good answer. */
  protected wasReached(): void {
    this.#change({ hasBeenReached: true, isDeploymentKnown: true })
  }

  #change(change: Partial<Memory>): void {
    this.#memory = { ...this.#memory, ...change }
  }

  protected changePolls(change: Partial<Polls>): void {
    this.#change({ polls: { ...this.#memory.polls, ...change } })
  }
}
