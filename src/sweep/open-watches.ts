import { log } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import { runInWorkflowId, runMemoKey, workflowTypes } from '../domain/contract.ts'
import { isRecord, messageOf, present } from '../domain/json.ts'
import { uuid } from '../domain/rules.ts'
import type { CountedWatch, SweepObserver } from '../telemetry/sweep-metrics.ts'
import { countedWatch } from './counted-watch.ts'
import { decoded } from '../payload.ts'

/** A watch, or a workflow of another type around one, and the thread of its run. */
export interface OpenWatch {
  readonly workflowId: string
  readonly threadId: string
  /** Its run was there at this time, by Temporal's clock; absent if the workflow may have created it later. */
  readonly runExistedAtMs?: number
}

const rowsAPage = 1000
const pageTimeoutMs = 10_000
const betweenFullListsMs = 60_000
/** Visibility may show a workflow this much later than one that started after it. */
const lagMs = 5000
/** A workflow that has no run for longer than this after its start is found by the full list only. */
const longestCreationMs = 60_000

/** Ours, and of others none: they may have a watch of their own type around ours. */
const notWatches = [workflowTypes.sweepRuns, workflowTypes.notifyRun, workflowTypes.diagnose]
  .map((type) => `'${type}'`)
  .join(', ')

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>
type Row = NonNullable<Page['executions']>[number]

interface Known extends OpenWatch {
  /** Temporal's id of the execution. */
  readonly executionId: string
  readonly startedAtMs: number
  /** When it was first listed, by the monotonic clock of this process. */
  readonly foundAtMs: number
}

interface Which {
  readonly taskQueue: string
  readonly deployment: string
  /** Is told of all open watches when all are listed. */
  readonly observer?: Pick<SweepObserver, 'counted'>
}

/**
 * The open watches of one task queue and deployment, by visibility: all of them once a minute, and in between the new ones.
 * Start times are the server's, and are compared with each other only, since this machine's clock may be wrong.
 */
export class OpenWatches {
  readonly #client: Client
  readonly #taskQueue: string
  readonly #deployment: string
  readonly #observer: Pick<SweepObserver, 'counted'> | undefined
  #known = new Map<string, Known>()
  #newest = { startedAtMs: 0, seenAtMs: 0 }
  /** When the oldest workflow started that has not named its run yet. */
  #runlessSinceMs = Infinity
  #fullListAtMs = -Infinity

  constructor(client: Client, { taskQueue, deployment, observer }: Which) {
    this.#client = client
    this.#observer = observer
    this.#taskQueue = taskQueue
    this.#deployment = deployment
  }

  get all(): readonly OpenWatch[] {
    return [...this.#known.values()]
  }

  /** Forgets a watch that has closed. */
  drop({ workflowId }: OpenWatch): void {
    this.#known.delete(workflowId)
  }

  /** Lists what is new. @throws if visibility does not answer: what was known stays known */
  async refresh(nowMs: number): Promise<void> {
    if (this.#known.size === 0) return this.#listAll(nowMs)
    if (nowMs - this.#fullListAtMs >= betweenFullListsMs) this.#listAllBeside(nowMs)
    const since = new Date(this.#newSinceMs(nowMs)).toISOString()
    for (const one of await this.#list(` AND StartTime >= '${since}'`, nowMs)) this.#known.set(one.workflowId, one)
  }

  /** Listing 1,000 takes 0.3 s, and no wake waits for it. If it fails, it is tried again a minute later. */
  #listAllBeside(nowMs: number): void {
    this.#fullListAtMs = nowMs
    this.#listAll(nowMs).catch((error: unknown) => {
      log.warn('not all open watches could be listed', { deployment: this.#deployment, reason: messageOf(error) })
    })
  }

  async #listAll(nowMs: number): Promise<void> {
    const counted: CountedWatch[] = []
    const listed = await this.#list('', nowMs, this.#observer && counted)
    this.#observer?.counted(counted)
    // A list may not show the newest ones yet.
    const recent = [...this.#known.values()].filter(({ foundAtMs }) => nowMs - foundAtMs < lagMs)
    this.#known = new Map([...recent, ...listed].map((one) => [one.workflowId, one]))
    this.#fullListAtMs = nowMs
  }

  #newSinceMs(nowMs: number): number {
    const { startedAtMs, seenAtMs } = this.#newest
    const settledMs = nowMs - seenAtMs > lagMs ? startedAtMs : startedAtMs - lagMs
    return Math.min(settledMs, Math.max(this.#runlessSinceMs, startedAtMs - longestCreationMs))
  }

  async #list(onlyThose: string, nowMs: number, counted?: CountedWatch[]): Promise<readonly Known[]> {
    const found: Known[] = []
    let runlessSinceMs = Infinity
    for await (const row of this.#rows(onlyThose)) {
      const workflowId = row.execution?.workflowId ?? ''
      const executionId = row.execution?.runId ?? ''
      const { seconds, nanos } = row.startTime ?? {}
      const startedAtMs = Number(seconds ?? 0) * 1000
      if (startedAtMs > this.#newest.startedAtMs) this.#newest = { startedAtMs, seenAtMs: nowMs }
      counted?.push(...(await this.#counted(row)))
      const known = this.#known.get(workflowId)
      if (known?.executionId === executionId) {
        found.push(known)
        continue
      }
      const named = runInWorkflowId(workflowId)
      const run = named ?? (await this.#runInMemo(row))
      const runExistedAtMs = named && startedAtMs + (nanos ?? 0) / 1e6
      // Anybody may start a workflow of any id and memo, and a server refuses a whole request for one odd id.
      const threadId = uuid.read(run?.threadId)
      if (threadId !== undefined && run?.deployment === this.#deployment)
        found.push({ workflowId, executionId, startedAtMs, foundAtMs: nowMs, threadId, ...present({ runExistedAtMs }) })
      if (!run && row.type?.name === workflowTypes.executeRun) runlessSinceMs = Math.min(runlessSinceMs, startedAtMs)
    }
    this.#runlessSinceMs = runlessSinceMs
    return found
  }

  async *#rows(onlyThose: string): AsyncGenerator<Row> {
    const { namespace } = this.#client.options
    const query = `TaskQueue = '${this.#taskQueue.replaceAll("'", "''")}' AND ExecutionStatus = 'Running' AND WorkflowType NOT IN (${notWatches})${onlyThose}`
    let nextPageToken: Uint8Array | undefined
    do {
      // Raw, since the client's own list decodes every row.
      const request = { namespace, query, pageSize: rowsAPage, ...(nextPageToken && { nextPageToken }) }
      const page = await this.#client.withDeadline(Date.now() + pageTimeoutMs, () =>
        this.#client.workflowService.listWorkflowExecutions(request),
      )
      yield* page.executions ?? []
      nextPageToken = page.nextPageToken ?? undefined
    } while (nextPageToken && nextPageToken.length > 0)
  }

  async #counted(row: Row): Promise<readonly CountedWatch[]> {
    const workflowId = row.execution?.workflowId ?? ''
    const startedAtMs = Number(row.startTime?.seconds ?? 0) * 1000
    // No memo of anybody keeps the others from being listed.
    const memo = await this.#memo(row).catch(() => undefined)
    const one = countedWatch(this.#deployment, { workflowId, startedAtMs, memo })
    return one ? [one] : []
  }

  #memo({ memo }: Row): Promise<unknown> {
    return decoded(this.#client.options.loadedDataConverter, memo?.fields?.[runMemoKey])
  }

  /** The workflow names its run there once it has one; a starter may have named the thread before. */
  async #runInMemo(row: Row): Promise<{ readonly deployment: unknown; readonly threadId: unknown } | undefined> {
    const run = await this.#memo(row)
    const isNamed = isRecord(run) && run['run_id'] !== undefined
    return isNamed ? { deployment: run['deployment'], threadId: run['thread_id'] } : undefined
  }
}
