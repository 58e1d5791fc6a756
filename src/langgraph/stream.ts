import { maxErrorBytes } from '../domain/defaults.ts'
import { bounded } from '../domain/text.ts'
import { boundedInterrupts, interruptsOf } from './checkpoint.ts'
import { errorText } from './error-text.ts'
import type { OwnValues } from './port.ts'
import { json, recordOf, textOf } from './wire.ts'

interface StreamPart {
  readonly event: string
  readonly data: unknown
}

export type StreamReading = OwnValues | { readonly found: 'error'; readonly error: string }

/**
 * The last whole `values` event, never merged, if the stream ended without an error and belongs to the run.
 *
 * A question anywhere in it stops the run, even if values follow it: they come when another question was answered at the same time.
 */
export async function lastOwnValues(stream: AsyncIterable<StreamPart>, runId: string): Promise<StreamReading> {
  let last: unknown
  let asked: unknown
  for await (const { event, data } of stream) {
    if (event === 'metadata') {
      if (textOf(recordOf(data)['run_id'])?.toLowerCase() !== runId) {
        return { found: 'nothing', reason: 'the stream belongs to another run' }
      }
      // The server has restarted the run.
      last = asked = undefined
    }
    if (event === 'error') return { found: 'error', error: streamErrorText(data) }
    if (event === 'values') {
      last = data
      asked = recordOf(data)['__interrupt__'] ?? asked
    }
  }
  if (Array.isArray(asked)) return { found: 'interrupts', ...boundedInterrupts(interruptsOf(asked)) }
  return last === undefined
    ? { found: 'nothing', reason: 'the stream held no values' }
    : { found: 'values', values: json(last) }
}

/** Some servers end the stream of a cancelled run with an error that names how it was cancelled. */
function streamErrorText(data: unknown): string {
  const text = bounded(errorText(JSON.stringify(data)), maxErrorBytes)
  if (text === 'Error: interrupt') return 'The run was cancelled'
  return text === 'Error: rollback' ? 'The run was cancelled and rolled back' : text
}
