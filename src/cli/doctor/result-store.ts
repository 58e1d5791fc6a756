import type { StoreReport, WorkerReport } from '../../domain/diagnosis.ts'
import { messageOf } from '../../domain/json.ts'
import { quoted } from '../../domain/printable.ts'
import type { ResultStore } from '../../store/result-store.ts'
import type { Temporal } from '../temporal.ts'
import { failed, ok, warning } from './check.ts'
import type { Check } from './check.ts'

const check = 'result store'
const readMs = 4000

/** Whether the worker can keep large results, and whether they can be read here. */
export async function resultStoreOf({ resultStore: here }: Temporal, { store }: WorkerReport): Promise<Check> {
  if (!store) return here ? onlyHere(here) : ok(check, 'off on this worker: results over 1.5 MB stay in LangGraph')
  if (store.error !== undefined) return unusable(store, store.error)
  const takes = `${store.url} has taken an object from the worker, which keeps results over ${store.above_bytes} bytes there`
  if (!here)
    return ok(check, `${takes}; RESULT_STORE is not set here, so commands print where a result is, and not the result`)
  return here.url === store.url ? readHere(here, takes) : elsewhere(here, store)
}

function onlyHere({ url }: ResultStore): Check {
  return warning(
    check,
    `RESULT_STORE is ${url} here, but the worker has none: results over 1.5 MB stay in LangGraph`,
    'set the same RESULT_STORE on all workers, and restart them',
  )
}

/** The reason says how to correct it. */
function unusable({ url }: StoreReport, reason: string): Check {
  const where = url.startsWith('s3:')
    ? 'RESULT_STORE, or the credentials that the AWS SDK finds there'
    : 'RESULT_STORE, or the folder'
  const meanwhile =
    'meanwhile runs with large results end as success_no_results, and `langgraph-runs retrieve` gets those later'
  return failed(check, `for the worker: ${reason}`, `correct that on the worker's machine (${where}); ${meanwhile}`)
}

async function readHere(here: ResultStore, takes: string): Promise<Check> {
  try {
    if (await here.canRead(AbortSignal.timeout(readMs))) return ok(check, `${takes}; results can be read here`)
  } catch (error) {
    return failed(
      check,
      `${takes}, but for this command: ${messageOf(error)}`,
      'correct that here; workers are not concerned',
    )
  }
  const remedy =
    'the same url leads somewhere else: mount the volume of the workers here, or set the endpoint in RESULT_STORE as they have it'
  return failed(check, `${takes}, but it is not there for this command`, remedy)
}

function elsewhere({ url }: ResultStore, store: StoreReport): Check {
  return failed(
    check,
    `the worker keeps large results in ${store.url}, but RESULT_STORE is ${url} here: commands cannot read them`,
    `set RESULT_STORE here as the workers have it (it begins with ${quoted(store.url)})`,
  )
}
