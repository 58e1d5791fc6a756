import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { Search } from '../figures.ts'
import { isRecord } from '../../src/domain/json.ts'

/**
 * The LangGraph server of the fleet bench, in a process of its own. Runs end by the clock alone: from its end on, every
 * answer shows a run as it is then, so the moment that the schedule names is the moment that counts.
 *
 * It sends its URL over IPC. The bench itself uses `POST /bench/runs` and `GET /bench/report`.
 */
interface ScriptedRun {
  readonly runId: string
  endsAtMs: number
}

/** What the bench tells of a run; `endsAtMs` is `null` while its end is not known. */
export type RunToScript = readonly [threadId: string, runId: string, endsAtMs: number | null]

/** Requests by the key that they carried, which tells the contestants and their workers apart. */
export interface Report {
  readonly requests: Readonly<Record<string, Readonly<Record<string, number>>>>
  readonly searches: readonly Search[]
}

const assistantId = '00000000-0000-4000-8000-00000000f1ee'
const graphId = 'fleet'
const bornAt = new Date().toISOString()
const runs = new Map<string, ScriptedRun>()
const requests: Record<string, Record<string, number>> = {}
const searches: Search[] = []

interface Answer {
  readonly kind: string
  readonly body: unknown
  readonly status?: number
}

const server = createServer((request, response) => {
  void answer(request).then(({ kind, body, status = 200 }) => {
    const key = String(request.headers['x-api-key'] ?? '')
    const counts = (requests[key] ??= {})
    counts[kind] = (counts[kind] ?? 0) + 1
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
})
// Pollers that ask every 10 s keep their connection.
server.keepAliveTimeout = 75_000
server.listen(0, '127.0.0.1', () => {
  process.send?.({ url: `http://127.0.0.1:${String(Reflect.get(Object(server.address()), 'port'))}` })
})
process.on('disconnect', () => process.exit(0))

async function answer(request: IncomingMessage): Promise<Answer> {
  const { method, url = '' } = request
  const [path = ''] = url.split('?', 1)
  const [, root, threadId = '', what = 'thread', runId, part] = path.split('/')
  if (root === 'bench') return aboutBench(request, threadId)
  if (root !== 'threads') return notFound('other')
  if (method === 'POST' && threadId === 'search') return search(request)
  const run = runs.get(threadId)
  if (!run) return notFound(what)
  if (what === 'runs' && runId === run.runId && part === undefined)
    return { kind: 'run', body: runRecord(threadId, run) }
  if (what === 'state') return { kind: 'state', body: state(threadId, run) }
  if (what === 'history') return { kind: 'history', body: [state(threadId, run)] }
  return notFound(part ?? what)
}

function notFound(kind: string): Answer {
  return { kind, status: 404, body: { detail: 'Not Found' } }
}

async function aboutBench(request: IncomingMessage, what: string): Promise<Answer> {
  if (what === 'report') return { kind: 'bench', body: { requests, searches } satisfies Report }
  for (const [threadId, runId, endsAtMs] of listOf(await bodyOf(request)).map(listOf)) {
    runs.set(String(threadId), { runId: String(runId), endsAtMs: Number(endsAtMs ?? Number.POSITIVE_INFINITY) })
  }
  return { kind: 'bench', body: {} }
}

async function search(request: IncomingMessage): Promise<Answer> {
  const body = await bodyOf(request)
  const wanted = isRecord(body) ? body : {}
  const ids = listOf(wanted['ids']).map(String)
  const select = listOf(wanted['select']).map(String)
  // A poll that has seen an end asks for one thread too, but not for its time.
  const kind = select.includes('updated_at') ? 'sweep' : 'thread'
  if (kind === 'sweep') {
    searches.push({ key: String(request.headers['x-api-key'] ?? ''), atMs: Date.now(), threads: ids.length })
  }
  const found = ids.flatMap((id) => {
    const run = runs.get(id)
    return run ? [selected(thread(id, run), select)] : []
  })
  return { kind, body: found.slice(0, Number(wanted['limit'] ?? 10)) }
}

function selected(record: Readonly<Record<string, unknown>>, select: readonly string[]) {
  if (select.length === 0) return record
  return Object.fromEntries(select.flatMap((field) => (field in record ? [[field, record[field]]] : [])))
}

/** As the JS server 1.5.1 shows it. */
function thread(threadId: string, run: ScriptedRun) {
  return {
    thread_id: threadId,
    created_at: bornAt,
    updated_at: updatedAt(run),
    metadata: { graph_id: graphId, assistant_id: assistantId },
    status: hasEnded(run) ? 'idle' : 'busy',
    interrupts: {},
    values: valuesOf(run),
  }
}

function runRecord(threadId: string, run: ScriptedRun) {
  return {
    run_id: run.runId,
    thread_id: threadId,
    assistant_id: assistantId,
    metadata: { graph_id: graphId, assistant_id: assistantId },
    status: hasEnded(run) ? 'success' : 'running',
    kwargs: { input: { symbol: 'AAPL' }, config: { configurable: { graph_id: graphId } }, resumable: false },
    multitask_strategy: 'reject',
    created_at: bornAt,
    updated_at: updatedAt(run),
  }
}

function state(threadId: string, run: ScriptedRun) {
  return {
    values: valuesOf(run),
    next: hasEnded(run) ? [] : ['work'],
    tasks: [],
    metadata: { run_id: run.runId, thread_id: threadId, graph_id: graphId, source: 'loop', step: 1 },
    checkpoint: { thread_id: threadId, checkpoint_id: run.runId, checkpoint_ns: '' },
    created_at: updatedAt(run),
  }
}

/** The bench checks that each outcome holds its own run's id. */
function valuesOf({ runId }: ScriptedRun) {
  return { symbol: 'AAPL', run: runId }
}

function hasEnded({ endsAtMs }: ScriptedRun): boolean {
  return Date.now() >= endsAtMs
}

function updatedAt(run: ScriptedRun): string {
  return hasEnded(run) ? new Date(run.endsAtMs).toISOString() : bornAt
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = await request.toArray()
  return JSON.parse(Buffer.concat(chunks).toString('utf8'))
}

function listOf(wire: unknown): readonly unknown[] {
  return Array.isArray(wire) ? wire : []
}
