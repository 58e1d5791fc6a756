import { errorEvent, metadataEvent, questionEvent, valuesEvent } from './answers.ts'
import type { Answer } from './answers.ts'
import { boundedInterrupts, interruptsOf } from './checkpoint.ts'
import { LargeJson, RawJson } from './cut.ts'
import { cancelledWordOf, errorText } from './error-text.ts'
import { EventSplitter } from './event-stream.ts'
import type { DataReader } from './event-stream.ts'
import { JsonCutter } from './json-cutter.ts'
import type { LargeValues } from './large-values.ts'
import type { OwnValues } from './port.ts'
import { valuesIn } from './values.ts'
import { jsonOf, recordOf, textOf } from './wire.ts'

export type StreamReading = OwnValues | { readonly found: 'error'; readonly error: string }

/**
 * Reads a run's stream while it arrives: the last whole `values` event, never merged, if the stream ends without an error
 * and belongs to the run.
 *
 * A question anywhere in it stops the run, even if values follow it: they come when another question was answered at the same time.
 */
export class RunStream {
  readonly #runId: string
  readonly #keys: readonly string[] | undefined
  readonly #large: LargeValues | undefined
  readonly #events = new EventSplitter((event) => this.#readerOf(event))
  #last: unknown
  #asked: unknown
  #decided: StreamReading | undefined

  constructor(runId: string, keys: readonly string[] | undefined, large?: LargeValues) {
    this.#runId = runId
    this.#keys = keys
    this.#large = large
  }

  /** The rest of the stream changes nothing. */
  get isDecided(): boolean {
    return this.#decided !== undefined
  }

  get keptBytes(): number {
    if (this.#last instanceof LargeJson) return this.#last.bytes
    return this.#last instanceof RawJson ? this.#last.begin.length : 0
  }

  write(bytes: Uint8Array): void {
    this.#events.write(bytes)
  }

  end(): StreamReading {
    if (this.#decided) return this.#decided
    this.#events.end()
    if (Array.isArray(this.#asked)) return { found: 'interrupts', ...boundedInterrupts(interruptsOf(this.#asked)) }
    return this.#last === undefined ? { found: 'nothing', reason: 'the stream held no values' } : valuesIn(this.#last)
  }

  #readerOf(event: string): DataReader | undefined {
    switch (event) {
      case 'metadata':
        return new Part(metadataEvent, (metadata) => this.#begin(metadata))
      case 'error':
        return new Part(errorEvent, (error) => {
          this.#decided ??= { found: 'error', error: streamErrorText(error) }
        })
      case 'values':
        return bothOf(
          new Part(valuesEvent(this.#keys, this.#large), (values) => {
            this.#last = values
          }),
          new Part(questionEvent, (values) => {
            this.#asked = recordOf(values)['__interrupt__'] ?? this.#asked
          }),
        )
      default:
        return undefined
    }
  }

  #begin(metadata: unknown): void {
    if (textOf(recordOf(metadata)['run_id'])?.toLowerCase() !== this.#runId) {
      this.#decided ??= { found: 'nothing', reason: 'the stream belongs to another run' }
    }
    // The server has restarted the run.
    this.#last = this.#asked = undefined
  }
}

/** An event's data, or what a cut leaves of it. */
class Part implements DataReader {
  readonly #cutter: JsonCutter
  readonly #take: (part: unknown) => void

  constructor(answer: Answer, take: (part: unknown) => void) {
    this.#cutter = new JsonCutter(answer)
    this.#take = take
  }

  write(bytes: Uint8Array): void {
    this.#cutter.write(bytes)
  }

  end(): void {
    this.#take(this.#cutter.end())
  }
}

function bothOf(...readers: readonly DataReader[]): DataReader {
  return {
    write(bytes) {
      for (const reader of readers) reader.write(bytes)
    },
    end() {
      for (const reader of readers) reader.end()
    },
  }
}

function streamErrorText(data: unknown): string {
  const text = errorText(jsonOf(data))
  return cancelledWordOf(text) ?? text
}
