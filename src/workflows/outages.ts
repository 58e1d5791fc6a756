import { failureTypes } from '../domain/contract.ts'
import { Alarm } from './alarm.ts'
import { isFinal } from './failures.ts'
import type { NoAnswer } from './failures.ts'
import type { WatchMemory } from './watch-memory.ts'

/** An answer that a worker's wrong configuration may have caused is not believed for this long. */
const patienceLength = '2m'

/** Which refusals are waited out, since another worker, or the same one with another configuration, may do better. */
export class Outages {
  readonly #watch: WatchMemory
  #unknownDeployment: Alarm | undefined
  #missingThread: Alarm | undefined

  constructor(watch: WatchMemory) {
    this.#watch = watch
  }

  /**
   * A worker that does not know the deployment is an outage: a deploy is in progress, or a configuration is wrong. Only if
   * no worker has known it for 2 minutes, the name is wrong.
   */
  isMisspelt({ type, isFromWorker }: NoAnswer): boolean {
    if (isFromWorker && type !== failureTypes.unknownDeployment) this.#watch.deploymentKnown()
    if (!isFromWorker || this.#watch.memory.isDeploymentKnown) return false
    this.#unknownDeployment ??= new Alarm(patienceLength, 'limit: deployment unknown')
    return this.#unknownDeployment.isOver
  }

  get isUnknownForLong(): boolean {
    return !this.#watch.memory.isDeploymentKnown && this.#unknownDeployment?.isOver === true
  }

  /** Whether asking again would not help. */
  isFinal({ type, isThreadMissing, isNotAsked }: NoAnswer): boolean {
    if (isNotAsked) return false
    if (isThreadMissing) return this.isThreadGone()
    this.threadMayBeThere()
    return isFinal(type, this.#watch.memory.hasBeenReached)
  }

  /**
   * A server without the run's thread may be another one, which a wrong URL names: once LangGraph has answered, that is
   * an outage, until it has been the only answer for 2 minutes. A stateless run goes with its thread when it ends.
   */
  isThreadGone(): boolean {
    const { hasBeenReached, polls } = this.#watch.memory
    if (!hasBeenReached || polls.seen?.isStateless) return true
    this.#missingThread ??= new Alarm(patienceLength, 'limit: thread missing')
    return this.#missingThread.isOver
  }

  /** Another answer, or none, has come: the 2 minutes begin again. */
  threadMayBeThere(): void {
    this.#missingThread?.stop()
    this.#missingThread = undefined
  }
}
