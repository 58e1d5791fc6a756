import { once, setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { WorkflowNotFoundError } from '@temporalio/client'
import { grpcErrorIn } from '../../src/cli/temporal-errors.ts'

const betweenTriesMs = 500

/** What a client does while servers are restarted: it asks again, until its patience is over. */
export class Patience {
  readonly #over = new AbortController()

  constructor() {
    // Each run that is played waits for it.
    setMaxListeners(0, this.#over.signal)
  }

  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** From now on nothing is asked again. */
  end(): void {
    this.#over.abort(new Error('the patience is over'))
  }

  /** Asks again while Temporal gives no answer. @throws what it answers instead */
  async withTemporal<T>(ask: () => Promise<T>): Promise<T> {
    return this.#again(ask, (error) => grpcErrorIn(error) !== undefined && !(error instanceof WorkflowNotFoundError))
  }

  /** Asks again whatever goes wrong. */
  async withLangGraph<T>(ask: () => Promise<T>): Promise<T> {
    return this.#again(ask, () => true)
  }

  async pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.signal })
  }

  async #again<T>(ask: () => Promise<T>, isOutage: (error: unknown) => boolean): Promise<T> {
    for (;;) {
      try {
        return await this.#during(ask())
      } catch (error) {
        if (this.signal.aborted || !isOutage(error)) throw error
      }
      await this.pause(betweenTriesMs)
    }
  }

  async #during<T>(asking: Promise<T>): Promise<T> {
    const { signal } = this
    signal.throwIfAborted()
    const asked = new AbortController()
    const over = once(signal, 'abort', { signal: asked.signal }).then(() => signal.throwIfAborted())
    over.catch(() => undefined)
    try {
      await Promise.race([asking, over])
      return await asking
    } finally {
      asked.abort()
    }
  }
}
