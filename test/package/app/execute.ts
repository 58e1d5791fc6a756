// A user's program: a state of their own type as the input, and failures by their names. Arguments: Temporal's address,
// LangGraph's URL, a thread and an id of their own.
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { BackgroundRuns, failureIn, failureTypes, langGraphFailureTypes } from 'langgraph-background-runs'
import type { ExecuteRunInput, ResultReference, RetrievalStrategy, WatchOutcome } from 'langgraph-background-runs'
import { workerOptions, workflowSource } from 'langgraph-background-runs/worker'

/** The state of their graph. */
interface State {
  readonly symbol: string
  readonly blob?: string | undefined
}

interface Configuration {
  readonly configurable: { readonly model: string }
}

const [address = '', url = '', threadId = '', id = ''] = process.argv.slice(2)
const taskQueue = `a-users-execution-${id}`
const state: State = { symbol: 'AAPL', blob: undefined }
const config: Configuration = { configurable: { model: 'm' } }
const metadata: Readonly<Record<string, string>> = { team: 'research' }
const order: readonly RetrievalStrategy[] = ['thread_state']
const input: ExecuteRunInput = { assistantId: 'work', threadId, input: state, config, metadata, retrievalOrder: order }

const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  ...workerOptions([{ name: 'default', url }], taskQueue),
  ...workflowSource(),
})
const runs = new BackgroundRuns(new Client({ connection: await Connection.connect({ address }) }), { taskQueue })
const shown = await worker.runUntil(async () => {
  const outcome = await runs.execute(id, input)
  return { result: resultOf(outcome), refused: await runs.execute(id, { ...input, input: { a: 1 } }).catch(whyNot) }
})
process.stdout.write(JSON.stringify(shown))
process.exit(0)

function resultOf(outcome: WatchOutcome): unknown {
  if (outcome.polling_result === 'success_with_results') return outcome.result
  if (outcome.polling_result === 'success_no_results' && outcome.result_reference) return kept(outcome.result_reference)
  return outcome.error
}

function kept({ bytes }: ResultReference): string {
  return `${bytes} bytes, kept by LangGraph`
}

function whyNot(error: unknown): string {
  const type = failureIn(error)?.type
  if (type === failureTypes.differentRequest) return 'the id belongs to another request'
  return type === langGraphFailureTypes.unavailable ? 'LangGraph is away' : String(error)
}
