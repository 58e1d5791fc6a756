import { isDeepStrictEqual } from 'node:util'
import { langGraphFailureTypes, requestMetadataKey, workflowMetadataKey } from '../domain/contract.ts'
import { isContinuation } from '../domain/creation.ts'
import type { Creation, NewRun } from '../domain/creation.ts'
import { creationTimeoutMs, maxErrorBytes } from '../domain/defaults.ts'
import { isRecord } from '../domain/json.ts'
import { isTerminal } from '../domain/run.ts'
import { bounded } from '../domain/text.ts'
import { uuid } from '../domain/rules.ts'
import { createdAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import { BadAnswer, LangGraphError } from './errors.ts'
import type { RunToCreate } from './port.ts'
import { laterOf } from './later-run.ts'
import { runsOf } from './reads.ts'
import type { ListedRun } from './run-options.ts'
import { runToCreate } from './run-to-create.ts'
import { creationOfUnmarked } from './unmarked-runs.ts'
import { createWithAddress } from './wake-address.ts'
import { besideAnother } from './without-strategies.ts'
import { idOf, recordOf } from './wire.ts'

/** A thread may have thousands of runs. */
const listTimeoutMs = 8000

/** The server was asked to create a run and gave no answer that tells: the run may exist, or may still be created. */
export class CreationUnanswered extends LangGraphError {
  readonly mayArriveForMs: number

  constructor({ type, message, httpStatus, retryAfterMs }: LangGraphError, mayArriveForMs: number) {
    super(type, message, { status: httpStatus, retryAfterMs })
    this.mayArriveForMs = mayArriveForMs
  }
}

/** One try. It first looks for the run, by the key in its metadata, since an earlier try may have created it. */
export async function tryToCreate(server: Connection, request: RunToCreate, signal: AbortSignal): Promise<Creation> {
  const { threadId } = request
  const before = await look(server, request, signal)
  if (before.kind === 'decided') return before.creation
  if (request.findOnly) return { kind: 'not_found', threadId }
  const inTheWay = await besideAnother(server, request, before.runs, signal)
  if (inTheWay) return inTheWay
  const ready = await runToCreate(server, request, before.runs, signal)
  if (ready.kind !== 'ready') return { ...ready, threadId }
  const marked = ready.asksAgain ? { ...request, key: keyToAskAgain(request.key) } : request
  const answer = await createWithAddress(request, ready.run, (run) => create(server, marked, run, signal))
  if (answer.kind === 'created') return { ...answer, threadId, ...(ready.asksAgain && { asksAgain: true }) }
  const { refusal } = answer
  const after = await lookAfterRefusal(server, request, signal)
  if (after.kind === 'decided') return after.creation
  if (isUnauthorized(refusal)) throw refusal
  // The thread of an earlier try may be there: so this may be another server's word.
  if (request.mayExist && refusal.httpStatus === 404 && before.runs.length === 0)
    throw new CreationUnanswered(refusal, 0)
  const busy = mayMeanBusy(refusal) ? whyBusy(refusal, before.runs, after.runs) : undefined
  if (busy !== undefined) return { kind: 'busy', threadId, reason: busy }
  return { kind: 'refused', threadId, reason: bounded(refusal.message, maxErrorBytes) }
}

/** A proxy may deliver a request twice, and answer with the refusal of the second copy: then the first has created the run. */
async function lookAfterRefusal(server: Connection, request: RunToCreate, signal: AbortSignal): Promise<Look> {
  const refusedAtMs = performance.now()
  // Of runs without marks, one that looks like it can be the first copy's only where nobody else creates any.
  const asked = request.isOwnThread ? { ...request, mayExist: true as const } : request
  try {
    return await look(server, asked, signal)
  } catch (error) {
    throw error instanceof LangGraphError ? new CreationUnanswered(error, mayArriveForMs(refusedAtMs)) : error
  }
}

function mayArriveForMs(sentAtMs: number): number {
  return Math.round(Math.max(sentAtMs + creationTimeoutMs - performance.now(), 0))
}

type Look =
  | { readonly kind: 'decided'; readonly creation: Creation }
  /** Nothing speaks against creating the run. */
  | { readonly kind: 'open'; readonly runs: readonly ListedRun[] }

async function look(server: Connection, request: RunToCreate, signal: AbortSignal): Promise<Look> {
  const { key, requestHash, run, deployment, threadId } = request
  const asked = { what: `runs of thread ${threadId}`, withinMs: listTimeoutMs }
  const runs = await server.ask(asked, signal, (limited) => runsOf(server.client, threadId, limited))
  const own = ownOf(runs, key)
  if (own) {
    const hash = own.metadata[requestMetadataKey]
    const kind = isContinuation(run) || hash === undefined || hash === requestHash ? 'created' : 'foreign'
    return { kind: 'decided', creation: { kind, threadId, runId: own.runId } }
  }
  if (!isContinuation(run)) {
    const creation = request.mayExist && (await creationOfUnmarked(server, { ...request, run }, runs, signal))
    return creation ? { kind: 'decided', creation } : { kind: 'open', runs }
  }
  const again = ownOf(runs, keyToAskAgain(key))
  if (again) return { kind: 'decided', creation: { kind: 'created', threadId, runId: again.runId, asksAgain: true } }
  const earlier = run.failedAfter && earlierAttempt(runs, run.continues, key)
  if (earlier) return { kind: 'decided', creation: { kind: 'created', threadId, runId: earlier.runId } }
  const later = await laterOf(server, runs, { threadId, runId: run.continues, deployment }, signal)
  if (later.kind !== 'later') return { kind: 'open', runs }
  return { kind: 'decided', creation: { kind: 'overtaken', threadId, by: later.by } }
}

/** An earlier execution of the workflow has continued the run: an attempt is made once, whoever asks for it again. */
function earlierAttempt(runs: readonly ListedRun[], continues: string, key: string): ListedRun | undefined {
  const at = runs.findIndex(({ runId }) => runId === continues)
  const workflow = workflowIn(key)
  if (at === -1 || workflow === undefined) return undefined
  return runs.slice(at + 1).find(({ runId, metadata }) => {
    const mark = metadata[workflowMetadataKey] ?? ''
    return workflowIn(mark) === workflow && ownOf(runs, mark)?.runId === runId
  })
}

/** In the key of a run that continues another; any other key has none. */
function workflowIn(key: string): string | undefined {
  return /^([^]+)\/[^/]+#\d+$/.exec(key)?.[1]
}

/** Of the run that makes the graph ask again. */
function keyToAskAgain(key: string): string {
  return `${key}?`
}

/** The one that was made first: the thread takes over its metadata, and later runs have it from there. */
function ownOf(runs: readonly ListedRun[], key: string): ListedRun | undefined {
  const [first] = runs
    .filter(({ metadata }) => metadata[workflowMetadataKey] === key)
    .toSorted((a, b) => a.madeAtMs - b.madeAtMs)
  return first
}

export type Answer =
  | { readonly kind: 'created'; readonly runId: string }
  | { readonly kind: 'refused'; readonly refusal: LangGraphError }

async function create(
  server: Connection,
  { threadId, key, requestHash, requireAwaited }: RunToCreate,
  run: NewRun,
  signal: AbortSignal,
): Promise<Answer> {
  await requireAwaited()
  const sentAtMs = performance.now()
  const { assistantId, ...options } = run
  const marks = { [workflowMetadataKey]: key, ...(requestHash !== undefined && { [requestMetadataKey]: requestHash }) }
  const payload = { ...options, ...marked(run, marks), ifNotExists: 'create' as const }
  const asked = {
    what: `new run of assistant "${assistantId}"`,
    on404: 'check `assistantId` and the deployment',
    withinMs: creationTimeoutMs,
  }
  try {
    const runId = await server.ask(asked, signal, async (limited) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the SDK's lists are not readonly
      const sent = { ...payload, signal: limited } as never
      return runIdOf(recordOf(await server.client.reading(createdAnswer).runs.create(threadId, assistantId, sent)))
    })
    return { kind: 'created', runId }
  } catch (error) {
    if (!(error instanceof LangGraphError)) throw error
    if (isRefusal(error) || isUnauthorized(error)) return { kind: 'refused', refusal: error }
    throw new CreationUnanswered(error, mayArriveForMs(sentAtMs))
  }
}

/** Some servers drop a run's metadata, and keep those of its configuration. */
function marked(
  { metadata, config }: NewRun,
  marks: Readonly<Record<string, string>>,
): Pick<NewRun, 'metadata' | 'config'> {
  const ofConfig = config?.['metadata']
  return {
    metadata: { ...metadata, ...marks },
    config: { ...config, metadata: { ...(isRecord(ofConfig) && ofConfig), ...marks } },
  }
}

function runIdOf(created: Readonly<Record<string, unknown>>): string {
  const runId = uuid.read(idOf(created['run_id']))
  if (runId === undefined) throw new BadAnswer('names no run')
  return runId
}

const refusals: readonly (number | undefined)[] = [400, 404, 409, 413, 422]

function isRefusal({ httpStatus, type }: LangGraphError): boolean {
  const isOfAnotherServer = httpStatus === 404 && type !== langGraphFailureTypes.notFound
  return refusals.includes(httpStatus) && !isOfAnotherServer
}

function isUnauthorized({ type }: LangGraphError): boolean {
  return type === langGraphFailureTypes.unauthorized
}

/** Python servers say 409. JS servers say 422, which they also say of a wrong request. */
function mayMeanBusy({ httpStatus }: LangGraphError): boolean {
  return httpStatus === 409 || httpStatus === 422
}

/** That another run is in the way, and the request is not wrong: if the server does not tell, the thread's runs do. */
function whyBusy(
  refusal: LangGraphError,
  before: readonly ListedRun[],
  after: readonly ListedRun[],
): string | undefined {
  const active = after.find(({ status }) => !isTerminal(status))
  if (active) return `run ${active.runId} is still active on the thread: ${refusal.message}`
  // What was active then may have ended by now.
  const isUnchanged = isDeepStrictEqual(before, after)
  return refusal.httpStatus === 409 || !isUnchanged ? `a run was active on the thread: ${refusal.message}` : undefined
}
