import { langGraphFailureTypes } from '../domain/contract.ts'
import { LangGraphError } from './errors.ts'

const MB = 1024 * 1024
const maxBodyBytes = 64 * MB
/** Only an excerpt of an error's body is used. */
const maxErrorBodyBytes = MB

/**
 * The `fetch` under the LangGraph SDK.
 *
 * - Redirects are not followed, because they would forward the API key to whatever host they name.
 * - Bodies are bounded while they are read.
 * - A stream that ends within an event was cut, and fails: the SDK would return the rest as if it were whole.
 * - A stream's `Location` is hidden, because the SDK would reconnect by itself, and retries live in Temporal only.
 */
export const guardedFetch: typeof fetch = async (input, init) => {
  const response = await fetch(input, { ...init, redirect: 'manual' })
  if (!response.body) return response
  const headers = new Headers(response.headers)
  const isEventStream = headers.get('content-type')?.startsWith('text/event-stream') ?? false
  headers.delete('location')
  const body = response.body.pipeThrough(bounded(response.ok ? maxBodyBytes : maxErrorBodyBytes))
  const { status, statusText } = response
  return new Response(isEventStream ? body.pipeThrough(wholeEvents()) : body, { status, statusText, headers })
}

function bounded(maxBytes: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes <= maxBytes) return controller.enqueue(chunk)
      const message = `the answer is larger than ${maxBytes / MB} MB: keep large values out of the graph's state`
      controller.error(new LangGraphError(langGraphFailureTypes.tooLarge, message))
    },
  })
}

/** An event ends with an empty line, so a whole stream does. */
function wholeEvents(): TransformStream<Uint8Array, Uint8Array> {
  let tail: number[] = []
  return new TransformStream({
    transform(chunk, controller) {
      tail = [...tail, ...chunk.subarray(-4)].slice(-4)
      controller.enqueue(chunk)
    },
    flush(controller) {
      if (tail.length === 0 || /(\n\n|\r\r|\r\n\r\n)$/.test(String.fromCharCode(...tail))) return
      controller.error(new LangGraphError(langGraphFailureTypes.unavailable, 'the stream was cut within an event'))
    },
  })
}
