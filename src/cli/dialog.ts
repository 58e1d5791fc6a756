import { createInterface } from 'node:readline/promises'
import type { Interface } from 'node:readline/promises'
import { CliError, exitCodes } from './exit.ts'
import { printable } from '../domain/printable.ts'

/** Asks a person on a terminal, line by line. */
export class Dialog {
  readonly #input: NodeJS.ReadableStream
  readonly #output: NodeJS.WritableStream
  readonly #atCtrlC: () => void
  #lines: Interface | undefined
  #isAsking = false

  /** @param atCtrlC while it asks, the terminal gives Ctrl-C to it, and not to the process */
  constructor(input: NodeJS.ReadableStream, output: NodeJS.WritableStream, atCtrlC: () => void) {
    this.#input = input
    this.#output = output
    this.#atCtrlC = atCtrlC
  }

  /** @returns the line, trimmed. @throws CliError 64 when the person ends the input (Ctrl-D) instead */
  async ask(question: string): Promise<string> {
    const lines = (this.#lines ??= this.#open())
    const closed = new AbortController()
    const close = () => closed.abort()
    lines.once('close', close)
    this.#isAsking = true
    try {
      return (await lines.question(`${printable(question)} `, { signal: closed.signal })).trim()
    } catch (error) {
      if (!closed.signal.aborted) throw error
      this.#output.write('\n')
      throw new CliError(exitCodes.usage, 'No answer was given, so nothing was sent')
    } finally {
      lines.off('close', close)
      this.#isAsking = false
    }
  }

  /** Leaves the terminal as it was. */
  close(): void {
    this.#lines?.close()
    this.#lines = undefined
  }

  #open(): Interface {
    return createInterface({ input: this.#input, output: this.#output }).on('SIGINT', () => {
      // The question has no line break yet.
      if (this.#isAsking) this.#output.write('\n')
      this.#atCtrlC()
    })
  }
}
