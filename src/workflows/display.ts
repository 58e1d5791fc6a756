import { setCurrentDetails, workflowInfo } from '@temporalio/workflow'
import type { RunRequest, WatchOptions } from '../domain/input.ts'
import type { WatchProgress } from '../domain/outcome.ts'
import type { RunRef } from '../domain/run.ts'
import type { WatchState } from '../domain/state.ts'
import { iso } from './clock.ts'
import { describe } from './details.ts'
import type { About } from './details.ts'
import type { Memory } from './memory.ts'
import { progress } from './progress.ts'
import { publish } from './publish.ts'
import { openState } from './state.ts'

interface Watched {
  readonly memory: Memory
  readonly options?: Pick<WatchOptions, 'retry'>
  readonly request: RunRequest | undefined
}

interface End {
  readonly state: WatchState
  readonly error?: string | undefined
}

/** What a watch shows: where it is in one word, the query `progress`, the Web UI's details, the memo, the search attributes. */
export class Display {
  readonly #watch: Watched
  /** The run in the workflow id, which says it already. */
  readonly #named: RunRef | undefined
  #phase: WatchProgress['phase'] = 'waiting'
  #end: End | undefined

  constructor(watch: Watched, named?: RunRef) {
    this.#watch = watch
    this.#named = named
  }

  get hasConcluded(): boolean {
    return this.#end !== undefined
  }

  get state(): WatchState {
    return this.#end?.state ?? openState(this.#watch.memory, this.#phase)
  }

  /** Why it has ended without a result, gets no answer, or is to continue a failed run. */
  get error(): string | undefined {
    if (this.#end) return this.#end.error
    const { state } = this
    const { polls, retry } = this.#watch.memory
    if (state === 'backing_off') return retry?.failed.error
    return state === 'outage' ? polls.lastError : undefined
  }

  get deployment(): string {
    const { memory, request } = this.#watch
    return memory.run?.deployment ?? request?.deployment ?? ''
  }

  /** The thread of the run, also if only the server's answer, or the starter of `executeRun`, has named it so far. */
  get threadId(): string | undefined {
    const { memory, request } = this.#watch
    return memory.run?.threadId ?? memory.creation.threadId ?? request?.threadId
  }

  /** Of `executeRun`. */
  get assistant(): string | undefined {
    return this.#watch.request?.run.assistantId
  }

  get about(): About {
    const { options } = this.#watch
    const { run, polls, shown } = this.#watch.memory
    const { inARow, sinceMs } = polls.unanswered ?? {}
    return {
      workflowId: workflowInfo().workflowId,
      deployment: this.deployment,
      run,
      links: shown?.links,
      maximumAttempts: options?.retry?.maximumAttempts,
      outage: inARow === undefined || sinceMs === undefined ? undefined : { inARow, since: iso(sinceMs) },
    }
  }

  progress(): WatchProgress {
    const { memory } = this.#watch
    const isRunNamed = memory.run === undefined || memory.run.runId === this.#named?.runId
    return progress(memory, this.#phase, this.state, isRunNamed)
  }

  enter(phase: WatchProgress['phase']): void {
    this.#phase = phase
    setCurrentDetails(describe(this.progress(), this.about))
  }

  /** How it has ended is the last that it shows. */
  conclude(end: End, details: string): void {
    this.#phase = 'done'
    this.#end = end
    setCurrentDetails(details)
  }

  /** As `publish`. */
  publish(others?: Readonly<Record<string, object>>): number {
    const { memory } = this.#watch
    const { state, error, assistant, deployment, threadId } = this
    return publish({ memory, state, error, assistant, deployment, threadId }, others)
  }
}
