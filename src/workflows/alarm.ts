import { CancellationScope, sleep } from '@temporalio/workflow'

/** A timer that runs beside the steps of a workflow: a step asks whether it has fired, and never what time it is. */
export class Alarm {
  /** Resolves when it has fired, or was stopped. */
  readonly ended: Promise<void>
  readonly #scope: CancellationScope
  #isOver = false

  /** @param summary what the Web UI shows beside the timer */
  constructor(length: string | number, summary: string, scope = new CancellationScope()) {
    this.#scope = scope
    const fired = scope.run(() => sleep(length, { summary }))
    this.ended = fired.then(
      () => void (this.#isOver = true),
      () => {},
    )
  }

  /** A cancellation of the workflow does not end it. */
  static shielded(length: string | number, summary: string): Alarm {
    return new Alarm(length, summary, new CancellationScope({ cancellable: false }))
  }

  get isOver(): boolean {
    return this.#isOver
  }

  stop(): void {
    this.#scope.cancel()
  }
}
