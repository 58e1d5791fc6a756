import {
  allHandlersFinished,
  condition,
  defineQuery,
  defineSignal,
  setDefaultSignalHandler,
  setHandler,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow'
import { progressQueryName, runMemoKey, wakeHint, wakeSignalName } from '../domain/contract.ts'
import type { RunRequest, WatchOptions } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import type { WatchProgress } from '../domain/outcome.ts'
import { nextSleepMs, nextSweptSleepMs, pauseUntilAskedMs } from '../domain/poll-interval.ts'
import type { RunRef, Swept } from '../domain/run.ts'
import { utf8Bytes } from '../domain/text.ts'
import { Alarm } from './alarm.ts'
import { lengthUntil, momentMs, sleepLength } from './clock.ts'
import { Display } from './display.ts'
import { lookAtShownAgain } from './shown.ts'
import type { Memory } from './memory.ts'
import { Outages } from './outages.ts'
import { WatchMemory } from './watch-memory.ts'

/** Poll now. A hint, never the truth: a lost, late or repeated one costs at most one poll. */
const wakeSignal = defineSignal(wakeSignalName)
const progressQuery = defineQuery<WatchProgress>(progressQueryName)

const betweenHintedPollsMs = 1000
/**
 * Temporal suggests continue-as-new at 4,096 events or 4 MB. The watch counts for itself, since what Temporal says is as
 * stale after a query as the clock: about this many events and signals, and a KB of a payload as one event.
 */
const mostHistoryEvents = 4000
/** A cancellation cannot continue as new, so it gives up here: Temporal ends a workflow at 51,200 events or 50 MB. */
const fullHistoryEvents = 30_000
const eventsOfAPhase = 6
const eventsOfAHint = 4

interface Given {
  readonly options: WatchOptions
  readonly memory: Memory
  /** Which run to create; absent if it exists. */
  readonly request?: RunRequest
  /** The run in the workflow id, which says it already. */
  readonly named?: RunRef
  continueAsNew(memory: Memory): Promise<never>
}

/** One watch: its options, its memory, and its pace. */
export class Watch extends WatchMemory {
  readonly options: WatchOptions
  readonly request: RunRequest | undefined
  readonly display: Display
  readonly outages = new Outages(this)
  readonly #continueAsNew: (memory: Memory) => Promise<never>
  #events = 0
  #isRestarting = false
  #isEnding = false
  #deadline: { readonly alarm: Alarm; readonly forMs: number } | undefined
  #humanDeadline: Alarm | undefined
  /** Until it ends a request that got no answer may still arrive, and a look would not see its run. */
  #arrival: Alarm | undefined

  constructor({ options, memory, request, named, continueAsNew }: Given) {
    super(memory)
    this.options = options
    this.request = request
    this.display = new Display(this, named)
    this.#continueAsNew = continueAsNew
  }

  /** `Infinity`: none. It moves when a human has answered, and if the run is due later. */
  get deadlineMs(): number {
    return (this.memory.polls.fromMs ?? this.memory.startedAtMs) + this.options.maxPollTimeMs
  }

  /** It continues as new as soon as all update handlers have returned: none may wait for more. */
  get isRestarting(): boolean {
    return this.#isRestarting
  }

  /** Its end is known: what an update asks for now comes too late. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  ends(): void {
    this.#isEnding = true
  }

  /** Answers `wake` and `progress` from here on. */
  acceptHints(): void {
    setHandler(wakeSignal, (...sent: readonly unknown[]) => {
      this.#signalled(sent)
      this.wake(sent[0] === wakeHint)
    })
    // Otherwise they would be kept until somebody asks for them.
    setDefaultSignalHandler((_, ...sent) => this.#signalled(sent))
    setHandler(progressQuery, () => this.display.progress())
  }

  /** Anybody may send signals, of any name and size, also while a watch sleeps. */
  #signalled(sent: readonly unknown[]): void {
    this.#events += eventsOfAHint + utf8Bytes(JSON.stringify(sent)) / 1024
  }

  /** Whether a wait must end, so that the watch continues as new. */
  get #isTooLong(): boolean {
    const mayRestart = this.memory.cancelling === undefined || allHandlersFinished()
    return this.#events >= mostHistoryEvents && mayRestart
  }

  /** Nothing may wait any longer in this history. */
  get isHistoryFull(): boolean {
    return this.#events >= fullHistoryEvents
  }

  /**
   * Changes what `progress` and the Web UI show, and before a pause also the memo and the search attributes: a state that
   * lasts as long as an activity alone, such as `retrieving` where nothing goes wrong, is gone before anybody sees it.
   */
  enter(phase: Exclude<WatchProgress['phase'], 'done'>): void {
    this.#events += eventsOfAPhase
    this.display.enter(phase)
    if (phase === 'waiting' || phase === 'interrupted' || phase === 'backing_off') this.publish()
  }

  /** Shows how it has ended. */
  conclude(...end: Parameters<Display['conclude']>): void {
    this.#events += eventsOfAPhase
    this.display.conclude(...end)
  }

  /** Brings the memo and the search attributes up to date. */
  publish(others?: Readonly<Record<string, object>>): void {
    this.#events += this.display.publish(others)
  }

  scheduleNextPoll(retryAfterMs?: number): void {
    const { failedInARow, sleeps, swept } = this.memory.polls
    const failed = failedInARow > 0 ? { inARow: failedInARow, ...present({ retryAfterMs }) } : undefined
    const isSwept = swept === true && !failed
    const sleepMs = isSwept
      ? nextSweptSleepMs(this.#untilStuckMs())
      : nextSleepMs(this.options.pollInterval, sleeps, failed)
    const atMs = Math.min(momentMs() + sleepMs, this.deadlineMs)
    // When the sweep is gone, the back-off continues from where it was.
    this.changePolls({ sleeps: isSwept ? sleeps : sleeps + 1, next: { sleepMs, atMs } })
  }

  /** By the times that the server and Temporal have told, as `stuckAfter` itself is decided. */
  #untilStuckMs(): number {
    const { sinceMs, polledAtMs } = this.memory.polls.seen ?? {}
    if (sinceMs === undefined || polledAtMs === undefined) return Infinity
    return sinceMs + this.options.stuckAfterMs - polledAtMs
  }

  /** The sweep finds the run's thread in the workflow's id, or else in its memo. A memo that is kept names it in any case. */
  nameRunToSweep({ isRunUnnamed }: Swept): void {
    if (this.memory.shown) return
    const { deployment, threadId, runId } = this.run
    const inMemo: unknown = Reflect.get(Object(workflowInfo().memo?.[runMemoKey]), 'run_id')
    if (isRunUnnamed && inMemo !== runId) {
      upsertMemo({ [runMemoKey]: { deployment, thread_id: threadId, run_id: runId } })
    }
  }

  /**
   * The first poll comes at once; `wake` cuts any later sleep short, but for the first second after a hinted poll.
   *
   * @returns `overdue` if the deadline has cut the sleep: the next poll is the last one
   */
  async untilNextPoll(): Promise<'due' | 'overdue'> {
    const { next, wasHinted } = this.memory.polls
    if (!next) return 'due'
    this.enter('waiting')
    const deadline = this.#deadlineFromHere()
    const isOver = () => deadline?.isOver === true || this.outages.isUnknownForLong
    let { sleepMs } = next
    let isCut = false
    if (wasHinted) {
      isCut = await condition(isOver, betweenHintedPollsMs, { summary: 'hinted polls are 1 s apart' })
      sleepMs -= betweenHintedPollsMs
    }
    if (!isCut && sleepMs > 0) {
      const summary = this.#untilWhat()
      const length = sleepLength(sleepMs, this.deadlineMs)
      isCut = await condition(() => isOver() || this.memory.isWoken || this.#isTooLong, length, { summary })
    }
    this.changePolls({ wasHinted: this.memory.isWoken })
    return isCut && deadline?.isOver ? 'overdue' : 'due'
  }

  #untilWhat(): string {
    const { run, question, retry, polls } = this.memory
    const step = run && !question && !retry ? `poll ${polls.count + 1}` : 'the next try to create the run'
    return `until ${step}, or ${polls.swept ? 'the sweep sees a change' : 'a wake'}`
  }

  #deadlineFromHere(): Alarm | undefined {
    const { deadlineMs } = this
    if (this.#deadline?.forMs !== deadlineMs) {
      this.#deadline?.alarm.stop()
      const alarm = Number.isFinite(deadlineMs) && new Alarm(lengthUntil(deadlineMs), 'limit: `maxPollTime`')
      this.#deadline = alarm ? { alarm, forMs: deadlineMs } : undefined
    }
    return this.#deadline?.alarm
  }

  /** @returns `true` if `humanTimeout` is over */
  async untilHumanNews(isNews: () => boolean, pauseMs: number): Promise<boolean> {
    this.#events += eventsOfAPhase
    const { untilMs } = this.memory.question ?? {}
    if (untilMs !== undefined) this.#humanDeadline ??= new Alarm(lengthUntil(untilMs), 'limit: `humanTimeout`')
    const deadline = this.#humanDeadline
    const isOver = () => isNews() || deadline?.isOver === true
    const isCut = () => isOver() || this.memory.isWoken || this.#isTooLong
    const length = sleepLength(pauseMs, untilMs ?? Infinity)
    await condition(isCut, length, { summary: 'until somebody answers' })
    // Hinted looks are 1 s apart.
    if (this.memory.isWoken && !isOver()) await condition(isOver, betweenHintedPollsMs)
    return deadline?.isOver === true
  }

  /** The pause after a failure. @returns `false` if the watch must continue as new before it is over */
  async untilNextAttempt(): Promise<boolean> {
    const { attempt, dueAtMs = 0 } = this.memory.retry ?? {}
    this.enter('backing_off')
    const isCut = () => this.memory.isWoken || this.memory.cancelling !== undefined
    const summary = `until attempt ${attempt}, or a wake`
    await condition(() => isCut() || this.#isTooLong, lengthUntil(dueAtMs), { summary })
    return isCut() || !this.#isTooLong
  }

  humanIsNotAwaited(): void {
    this.#humanDeadline?.stop()
    this.#humanDeadline = undefined
  }

  /** A request that got no answer may arrive for so long. */
  mayArriveFor(ms: number): void {
    if (ms > 0) this.#arrival = Alarm.shielded(ms, 'limit: an earlier request may arrive')
  }

  async untilNothingArrives(): Promise<'due' | 'overdue'> {
    if (!this.#arrival) return 'due'
    await this.#arrival.ended
    this.#arrival = undefined
    return this.#deadline?.alarm.isOver ? 'overdue' : 'due'
  }

  protected override wasReached(): void {
    super.wasReached()
    this.outages.threadMayBeThere()
  }

  /**
   * The pause after the n-th try in a row that a worker with another configuration, or this one later, may make: 1, 2, 4 …
   * 60 s, but at least what the worker has asked for.
   *
   * @returns `false` if the history has no room for another try
   */
  async untilConfigured(n: number, leastMs = 0): Promise<boolean> {
    this.grows(0)
    const isCut = () => this.#isTooLong || this.isHistoryFull
    await condition(isCut, pauseUntilAskedMs(n, leastMs), { summary: 'until a worker is configured for it' })
    return !this.isHistoryFull
  }

  /** Something of this size goes into history. */
  grows(bytes: number): void {
    this.#events += eventsOfAPhase + bytes / 1024
  }

  /** Continues as new if the history has grown long; between two steps only. */
  async restartWhereLong(): Promise<void> {
    if (this.#events < mostHistoryEvents) return
    await this.untilNothingArrives()
    await lookAtShownAgain(this)
    this.#isRestarting = true
    // The update `cancelRun` waits for what the watch does next, which is soon.
    const mayWait = () => this.memory.cancelling !== undefined && !this.isHistoryFull
    await condition(() => allHandlersFinished() || mayWait())
    if (allHandlersFinished()) await this.#continueAsNew(this.memory)
    this.#isRestarting = false
  }
}
