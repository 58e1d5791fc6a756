/** `told`: Temporal has the signal, or knows that nobody waits for it. */
export type Told = 'told' | 'not_told'

/** Tells Temporal to wake one workflow. It never rejects. */
export type Tell = (workflowId: string) => Promise<Told>

/** The second that follows a signal, and the one signal that all wakes within it share. */
interface Quiet {
  readonly over: Promise<void>
  next?: Promise<Told>
}

/**
 * At most one signal a second for each workflow. A wake that comes sooner waits until the second is over: it may tell of
 * another run than the one before, so none is dropped.
 */
export class Wakes {
  readonly #tell: Tell
  readonly #quietMs: number
  /** Holds the workflows that were woken within the last second. Only a genuine address adds one. */
  readonly #quiet = new Map<string, Quiet>()

  constructor(tell: Tell, quietMs = 1000) {
    this.#tell = tell
    this.#quietMs = quietMs
  }

  wake(workflowId: string): Promise<Told> {
    const quiet = this.#quiet.get(workflowId)
    if (!quiet) return this.#signal(workflowId)
    quiet.next ??= quiet.over.then(() => this.#signal(workflowId))
    return quiet.next
  }

  #signal(workflowId: string): Promise<Told> {
    const quiet: Quiet = { over: new Promise((resolve) => setTimeout(resolve, this.#quietMs)) }
    this.#quiet.set(workflowId, quiet)
    void quiet.over.then(() => {
      if (!quiet.next) this.#quiet.delete(workflowId)
    })
    return this.#tell(workflowId)
  }
}
