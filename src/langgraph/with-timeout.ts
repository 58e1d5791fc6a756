/**
 * A signal that aborts with `signal`, or after `ms` with a `TimeoutError`.
 *
 * Not `AbortSignal.any` over `AbortSignal.timeout`: nothing holds the timeout there, so that Node may collect it as
 * garbage, and then it never fires (nodejs/node#57736). Here the timer holds it.
 */
export function withTimeout(signal: AbortSignal, ms: number): AbortSignal {
  const limited = new AbortController()
  if (signal.aborted) limited.abort(signal.reason)
  const timer = setTimeout(() => limited.abort(new DOMException('no answer in time', 'TimeoutError')), ms).unref()
  signal.addEventListener(
    'abort',
    () => {
      clearTimeout(timer)
      limited.abort(signal.reason)
    },
    { once: true, signal: limited.signal },
  )
  return limited.signal
}
