import { messageOf } from '../domain/json.ts'
import { withResult } from '../store/fetch-result.ts'
import { isStored } from '../store/result-store.ts'
import type { Temporal } from './temporal.ts'

/** What a workflow returned, with its result if that can be read from the result store, and otherwise what to do. */
export async function readStored<Value>(
  { resultStore }: Temporal,
  value: Value,
): Promise<{ readonly value: Value; readonly nextStep?: string; readonly isUnread?: true }> {
  const { result_reference: reference }: { readonly result_reference?: unknown } = Object(value)
  if (!isStored(reference)) return { value }
  if (!resultStore) {
    const nextStep = `The result (${reference.bytes} bytes) is in the workers' result store. To print it: set RESULT_STORE as they have it`
    return { value, nextStep }
  }
  try {
    return { value: await oneAfterTheOther(() => withResult(value, resultStore)) }
  } catch (error) {
    return { value, nextStep: `The result could not be read: ${messageOf(error)}`, isUnread: true }
  }
}

let last: Promise<unknown> = Promise.resolve()

/** A result of 60 MB takes several times as much memory while it is read, and a command may have many. */
async function oneAfterTheOther<T>(read: () => Promise<T>): Promise<T> {
  const reading = last.then(read)
  last = reading.catch(() => undefined)
  return reading
}
