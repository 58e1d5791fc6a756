/**
 * Calls with a signal that aborts with `signal`, or after `ms` with a `TimeoutError`. Its timer ends with the call.
 *
 * Not `AbortSignal.any` over `AbortSignal.timeout`: nothing holds the timeout there, so Node may collect it as garbage,
 * and then it never fires (nodejs/node#57736). Here the timer holds it.
 */
export async function withTimeout<T>(
  signal: AbortSignal,
  ms: number,
  call: (limited: AbortSignal) => Promise<T>,
): Promise<T> {
  const limited = new AbortController()
  const abort = () => limited.abort(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  const timer = setTimeout(() => limited.abort(new DOMException('no answer in time', 'TimeoutError')), ms).unref()
  try {
    return await call(limited.signal)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
