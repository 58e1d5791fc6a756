import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  setCurrentDetails,
  setDefaultSignalHandler,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import { progressQueryName, wakeSignalName } from '../domain/contract.ts'
import type { CancelAction, Cancellation, Creation } from '../domain/creation.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import type { RunRequest, WatchOptions } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { WatchProgress } from '../domain/outcome.ts'
import { nextSleepMs } from '../domain/poll-interval.ts'
import type { RunLook, RunRef } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import type { Memory, Polls } from './memory.ts'
import { describe, progress } from './progress.ts'
import { isAnswered, reopened, withAnswer } from './question.ts'
import type { Answer, Question } from './question.ts'

/** Poll now. A hint, never the truth: a lost, late or repeated one costs at most one poll. */
const wakeSignal = defineSignal(wakeSignalName)
const progressQuery = defineQuery<WatchProgress>(progressQueryName)

/** A sleep that would end this close to the deadline ends at it: its poll is the last look. */
const nearDeadlineMs = 1000
const betweenHintedPollsMs = 1000
/** Temporal suggests continue-as-new at 4 MB or 4,096 events; a watch with large failures should not come near. */
const mostHistoryEvents = 4000
const mostHistoryBytes = 4 * 1024 * 1024
const mostHandledResumes = 200

interface Given {
  readonly options: WatchOptions
  readonly memory: Memory
  /** Which run to create; absent if it exists. */
  readonly request?: RunRequest
  /** The run in the workflow id, which says it already. */
  readonly named?: RunRef
  continueAsNew(memory: Memory): Promise<never>
}

/** One watch: it owns its options, its memory, which nothing else changes, and its pace. */
export class Watch {
  readonly options: WatchOptions
  readonly request: RunRequest | undefined
  readonly #named: RunRef | undefined
  readonly #continueAsNew: (memory: Memory) => Promise<never>
  #memory: Memory
  #phase: WatchProgress['phase'] = 'waiting'
  #isRestarting = false
  #isEnding = false
  /** Updates `cancelRun` that are being carried out. */
  #cancellations = 0

  constructor({ options, memory, request, named, continueAsNew }: Given) {
    this.options = options
    this.request = request
    this.#named = named
    this.#memory = memory
    this.#continueAsNew = continueAsNew
  }

  get memory(): Memory {
    return this.#memory
  }

  /** The run that is waited for. */
  get run(): RunRef {
    if (!this.#memory.run) throw new Error('there is no run yet')
    return this.#memory.run
  }

  /** `Infinity`: none. It moves when a human has answered. */
  get deadlineMs(): number {
    return (this.#memory.polls.fromMs ?? this.#memory.startedAtMs) + this.options.maxPollTimeMs
  }

  /** It continues as new as soon as all update handlers have returned: none may wait for more. */
  get isRestarting(): boolean {
    return this.#isRestarting
  }

  /** Its end is known: what an update asks for now comes too late. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** The number of the question that is open, or comes next. */
  get questionNumber(): number {
    return this.#memory.chain.length
  }

  /** What can be said of the run if none is known: one may exist all the same. */
  runMayExist(): Cancellation | undefined {
    const { unanswered } = this.#memory.creation
    return unanswered && { result: 'cancel_unconfirmed', error: `A run may have been created: ${unanswered.error}` }
  }

  /** Answers `wake` and `progress` from here on. */
  acceptHints(): void {
    setHandler(wakeSignal, () => this.wake())
    // Otherwise they would be kept until somebody asks for them.
    setDefaultSignalHandler(() => {})
    setHandler(progressQuery, () => this.#progress())
  }

  /** Changes what `progress` and the Web UI show. */
  enter(phase: WatchProgress['phase'], details?: string): void {
    this.#phase = phase
    setCurrentDetails(details ?? describe(this.#progress(), workflowInfo().workflowId))
  }

  #progress(): WatchProgress {
    const { run } = this.#memory
    return progress(this.#memory, this.#phase, run === undefined || run.runId === this.#named?.runId)
  }

  wake(): void {
    this.#change({ isWoken: true })
  }

  /** From here on another run is waited for, and the sleeps begin again. */
  turnTo(run: RunRef): void {
    this.#change({ run })
    this.#changePolls({ sleeps: 0, failedInARow: 0, unreadableInARow: 0, lastError: undefined, seen: undefined })
  }

  pollBegins(): void {
    this.#change({ isWoken: false })
    this.#changePolls({ count: this.#memory.polls.count + 1 })
  }

  pollAnswered({ status, updatedAt, ending }: RunLook, nowMs: number): void {
    const { seen, failedInARow, unreadableInARow } = this.#memory.polls
    const sinceMs = updatedAt !== undefined ? Date.parse(updatedAt) : seen?.status === status ? seen.sinceMs : nowMs
    this.#change({ hasBeenReached: true })
    this.#changePolls({ seen: { status, updatedAt: updatedAt ?? seen?.updatedAt, sinceMs } })
    if (ending?.kind !== 'unreadable') {
      this.#changePolls({ failedInARow: 0, unreadableInARow: 0, lastError: undefined })
      return
    }
    this.#changePolls({ failedInARow: failedInARow + 1, unreadableInARow: unreadableInARow + 1 })
    this.noteError(`the run has ended (${status}), but how could not be read: ${ending.reason}`)
  }

  /** A poll, or a try to create the run, got no answer or a refusal. */
  pollFailed(message: string): void {
    this.#changePolls({ failedInARow: this.#memory.polls.failedInARow + 1, unreadableInARow: 0 })
    this.noteError(message)
  }

  creationBegins(): void {
    this.#change({ isWoken: false })
  }

  creationAnswered(creation: Creation): void {
    const { unanswered } = this.#memory.creation
    const isBusy = creation.kind === 'busy'
    const isKnown = !isBusy && creation.kind !== 'unproven'
    this.#change({
      hasBeenReached: true,
      creation: { threadId: creation.threadId, unanswered: isKnown ? undefined : unanswered },
    })
    this.#changePolls({ failedInARow: 0 })
    if (isBusy) this.noteError(`the thread is busy: ${creation.reason}`)
  }

  /** The server was asked to create a run and has not answered. */
  creationUnanswered(untilMs: number, message: string): void {
    this.#change({ creation: { ...this.#memory.creation, unanswered: { untilMs, error: message } } })
  }

  /** Whether there is a run could not be found out. */
  existenceUnknown(message: string, nowMs: number): void {
    if (!this.#memory.creation.unanswered) this.creationUnanswered(nowMs, message)
  }

  asked(question: Question): void {
    this.#change({ question })
    this.#changePolls({ nextAtMs: undefined })
  }

  /** Looks for a run that somebody else made. */
  lookBegins(): void {
    const { question } = this.#memory
    this.#change({ isWoken: false, question: question && { ...question, looks: question.looks + 1 } })
  }

  lookAnswered(): void {
    this.#changePolls({ lastError: undefined })
  }

  answered(id: string, answer: Answer, nowMs: number): void {
    const { question, handledResumes } = this.#memory
    if (!question) return
    const after = withAnswer(question, answer)
    const handled = [...handledResumes, { id, question: this.questionNumber }].slice(-mostHandledResumes)
    this.#change({ question: after, handledResumes: handled })
    // The human's time is not counted, and the run that continues has all of `maxPollTime`.
    if (isAnswered(after)) this.#changePolls({ fromMs: nowMs, nextAtMs: undefined })
  }

  /** The question is open again, and each answer may be sent once more. */
  answersRefused(reason: string): void {
    const { question, handledResumes } = this.#memory
    this.#change({
      question: question && reopened(question, reason),
      handledResumes: handledResumes.filter((resume) => resume.question !== this.questionNumber),
    })
  }

  /** Another run continues the one that asked. */
  follow(run: RunRef, by: 'resume' | 'elsewhere', nowMs: number): void {
    const before = { run_id: this.run.runId, status: 'interrupted', continued_by: by }
    this.#change({ chain: [...this.#memory.chain, before], question: undefined })
    if (by === 'elsewhere') this.#changePolls({ fromMs: nowMs })
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

  ends(): void {
    this.#isEnding = true
  }

  noteError(message: string): void {
    const { creation } = this.#memory
    const error = bounded(message, maxReasonBytes)
    this.#changePolls({ lastError: error })
    if (creation.unanswered) this.creationUnanswered(creation.unanswered.untilMs, error)
  }

  #change(change: Partial<Memory>): void {
    this.#memory = { ...this.#memory, ...change }
  }

  #changePolls(change: Partial<Polls>): void {
    this.#change({ polls: { ...this.#memory.polls, ...change } })
  }

  scheduleNextPoll(nowMs: number, retryAfterMs?: number): void {
    const { failedInARow, sleeps } = this.#memory.polls
    const failed = failedInARow > 0 ? { inARow: failedInARow, ...present({ retryAfterMs }) } : undefined
    const nextAtMs = nowMs + nextSleepMs(this.options.pollInterval, sleeps, failed)
    const isNearDeadline = nextAtMs > this.deadlineMs - nearDeadlineMs
    this.#changePolls({ sleeps: sleeps + 1, nextAtMs: isNearDeadline ? this.deadlineMs : nextAtMs })
  }

  /** The first poll comes at once; `wake` cuts any later sleep short. */
  async untilNextPoll(): Promise<void> {
    const { nextAtMs, count, hintedAtMs = 0 } = this.#memory.polls
    if (nextAtMs === undefined) return
    this.enter('waiting')
    const sleepMs = nextAtMs - Date.now()
    const summary = `until poll ${count + 1}`
    const isCut = () => this.#memory.isWoken || isHistoryLong()
    const isHinted = sleepMs > 0 && (await condition(isCut, sleepMs, { summary }))
    if (!isHinted) return
    const spacingMs = hintedAtMs + betweenHintedPollsMs - Date.now()
    const pauseMs = Math.min(spacingMs, this.deadlineMs - Date.now())
    if (pauseMs > 0) await sleep(pauseMs, { summary: 'hinted polls are 1 s apart' })
    this.#changePolls({ hintedAtMs: Date.now() })
  }

  /** Continues as new if the history has grown long; between two steps only. */
  async restartWhereLong(): Promise<void> {
    if (!isHistoryLong()) return
    this.#isRestarting = true
    await condition(() => allHandlersFinished() || this.#memory.cancelling !== undefined)
    // The update `cancelRun` waits for what the watch does next, which is soon.
    if (allHandlersFinished()) await this.#continueAsNew(this.#memory)
    this.#isRestarting = false
  }
}

/** It may grow while a watch sleeps, too: anybody may send it signals, of any name and size. */
export function isHistoryLong(): boolean {
  const { continueAsNewSuggested, historyLength, historySize } = workflowInfo()
  return continueAsNewSuggested || historyLength > mostHistoryEvents || historySize > mostHistoryBytes
}
