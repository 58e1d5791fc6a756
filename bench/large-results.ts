import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { startDevServer } from '../dev/embedded-temporal.ts'
import { BackgroundRuns, resultStore } from '../src/client.ts'
import { messageOf } from '../src/domain/json.ts'
import { failureConverterPath, payloadCodecs } from '../src/payloads.ts'
import { parseKeys } from '../src/payloads/keys.ts'
import { startEndedRuns } from '../test/support/ended-runs.ts'

/**
 * `npm run bench:large -- [results at once] [MB of each] [url of the store]`: how long large results take from LangGraph to
 * the client, and what memory the worker needs for them. Default: 100 of 10 MB, in a folder.
 */
const [count = 100, megabytes = 10] = process.argv.slice(2, 4).map(Number)
const folder = await mkdtemp(join(tmpdir(), 'bench-large-'))
const storeUrl = process.argv[4] ?? pathToFileURL(folder).href
/** With them everything is encrypted, in Temporal and in the store. */
const keys = process.env['PAYLOAD_KEYS']
const parsedKeys = parseKeys(keys ?? '')
const storeKeys = parsedKeys.kind === 'accepted' ? parsedKeys.keys : []
const worker = fileURLToPath(new URL('../src/worker.ts', import.meta.url))

/** Values that look like a graph's: a list of messages. */
function valuesOf(size: number): string {
  const message = {
    type: 'ai',
    content: 'The trend is up, volume confirms it. '.repeat(25),
    tool_calls: [],
    usage: { input: 812, output: 44 },
  }
  const messages = Array.from(
    { length: Math.ceil((size * 1024 * 1024) / JSON.stringify(message).length) },
    () => message,
  )
  return JSON.stringify({ messages })
}

function dataConverterWith(text: string) {
  return { payloadCodecs: payloadCodecs(text), failureConverterPath }
}

async function peakMb({ pid }: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024
}

const values = valuesOf(megabytes)
const langGraph = await startEndedRuns(values)
const temporal = await startDevServer()
const taskQueue = randomUUID()
const child = fork(worker, {
  execArgv: ['--import', 'tsx'],
  stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  env: {
    ...process.env,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_TASK_QUEUE: taskQueue,
    LANGGRAPH_API_URL: langGraph.url,
    RESULT_STORE: storeUrl,
    SWEEP_INTERVAL: 'none',
  },
})
let log = ''
child.stderr?.on('data', (chunk) => (log += String(chunk)))
while (!log.includes('worker ready')) {
  if (child.exitCode !== null) throw new Error(log)
  await new Promise((resolve) => setTimeout(resolve, 100))
}
const connection = await Connection.connect({ address: temporal.address })
const client = new Client({ connection, ...(keys && { dataConverter: dataConverterWith(keys) }) })
const runs = new BackgroundRuns(client, { taskQueue })
const reading = new BackgroundRuns(client, { taskQueue, resultStore: resultStore(storeUrl, { keys: storeKeys }) })
const newRun = () => {
  const id = randomUUID()
  return { threadId: id, runId: id }
}
const options = { retrievalTimeout: '10m' } as const

try {
  const first = await runs.watch({ ...newRun(), ...options })
  const idle = await peakMb(child)
  console.log(
    `${(values.length / 1024 / 1024).toFixed(1)} MB of JSON, the first: ${first.polling_result}, worker ${Math.round(idle)} MB`,
  )
  const times: number[] = []
  const run = newRun()
  for (let n = 0; n < 5; n += 1) {
    const began = performance.now()
    await reading.watch({ ...(n === 0 ? run : newRun()), ...options })
    times.push(performance.now() - began)
  }
  const history = await client.workflow.getHandle(`watch-run/default/${run.threadId}/${run.runId}`).describe()
  console.log(
    `one at a time, start to client: ${times.map((ms) => Math.round(ms)).join(', ')} ms; ${history.historyLength} events, ${history.historySize} bytes of history`,
  )
  const began = performance.now()
  const outcomes = await Promise.all(Array.from({ length: count }, () => runs.watch({ ...newRun(), ...options })))
  const took = performance.now() - began
  const tries = outcomes.map((outcome) =>
    'retrieval_metadata' in outcome ? outcome.retrieval_metadata.attempts.length : 0,
  )
  const found = outcomes.filter(({ polling_result }) => polling_result === 'success_with_results').length
  console.log(
    `${count} at once: ${found} results in ${(took / 1000).toFixed(1)} s, ${Math.max(...tries)} strategies tried at most, worker at most ${Math.round(await peakMb(child))} MB`,
  )
} catch (error) {
  console.error(messageOf(error), log.slice(-2000))
} finally {
  child.kill('SIGKILL')
  await connection.close()
  await temporal.teardown()
  await langGraph.stop()
  await rm(folder, { recursive: true, force: true })
}
process.exit()
