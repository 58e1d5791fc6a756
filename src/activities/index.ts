import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { watchWorkflowId } from '../domain/contract.ts'
import { isContinuation } from '../domain/creation.ts'
import type { CancelAction, CreateRunRequest, Created, Looked, StateNow } from '../domain/creation.ts'
import type { NumberedNotification } from '../domain/notification.ts'
import type { RetrievalRequest, Retrieved } from '../domain/retrieved.ts'
import { hasEnded } from '../domain/run.ts'
import type { Polled, RunRef, Shown, Swept } from '../domain/run.ts'
import type { WorkerReport } from '../domain/diagnosis.ts'
import type { SweepEnd } from '../domain/sweep.ts'
import type { LargeValues } from '../langgraph/large-values.ts'
import type { Caller, Deployments, LangGraph, OwnValues } from '../langgraph/port.ts'
import type { ResultStore } from '../store/result-store.ts'
import type { Sweeps } from '../sweep/sweeps.ts'
import { measuredCreation, measuredPoll } from '../telemetry/measured.ts'
import type { FindMetrics } from '../telemetry/metrics.ts'
import { OutageLog } from '../telemetry/outage-log.ts'
import { requireReceiver } from '../webhook/url.ts'
import type { WebhookReceiver } from '../webhook/url.ts'
import { createRun } from './create-run.ts'
import { diagnose } from './diagnose.ts'
import { classified } from './failures.ts'
import { getRunStatus } from './get-run-status.ts'
import { hasThread } from './missing-thread.ts'
import { Deliveries, noReceiver } from './notify.ts'
import { requireNotifyReceiver } from './notify-receiver.ts'
import type { NotifyReceiver } from './notify-receiver.ts'
import { OutageNotices } from './outage-notices.ts'
import { retrieve } from './retrieve.ts'
import type { Keeper } from './retrieve.ts'
import { isOfWatch, Shows } from './shown.ts'
import type { ShowsOptions } from './shown.ts'
import { Slots } from './slots.ts'
import { scheduledAtMs, timed, withinTry } from './time-limit.ts'
import type { Timed } from './time-limit.ts'

export { createDeployments } from '../langgraph/deployments.ts'
export type { ServerConfig } from '../langgraph/server.ts'
export type { NotifyReceiver } from './notify-receiver.ts'
export type { WebhookReceiver } from '../webhook/url.ts'

type All = ReturnType<typeof createActivities>
/** What watches and single looks call. */
export type Activities = Omit<All, 'diagnose' | 'lookAtShown' | 'sweepThreads' | 'notify'>
export type SweepActivities = Pick<All, 'sweepThreads'>
export type ShownActivities = Pick<All, 'lookAtShown'>
export type NotifyActivities = Pick<All, 'notify'>
export type DiagnosisActivities = Pick<All, 'diagnose'>

export interface ActivitiesOptions extends Omit<ShowsOptions, 'notifies'> {
  /** Absent: no watches are swept. */
  readonly sweeps?: Sweeps
  /** The runs that are created call it when they have ended, unless they have a webhook of their own. */
  readonly webhook?: WebhookReceiver
  /** Who is told when a run waits for a human, a watch ends, or a deployment gives no answer. */
  readonly notify?: NotifyReceiver
  /** Results that are too large for Temporal are kept there. Absent: only LangGraph has them. */
  readonly resultStore?: ResultStore
  /** How many of these activities the worker carries out at once. Absent: one server that hangs may take them all. */
  readonly slots?: number
  /** Absent: nothing is measured. */
  readonly metrics?: FindMetrics
}

/** Polls of a watch in a row, before this one, without an answer. */
export interface Unanswered {
  readonly unanswered?: number
}

/** The activities of one worker, over the LangGraph servers that it may talk to. */
export function createActivities(deployments: Deployments, options: ActivitiesOptions = {}) {
  const {
    sweeps,
    webhook,
    notify,
    resultStore,
    slots = Infinity,
    metrics: findMetrics = () => undefined,
    ...shown
  } = options
  const shared = new Slots(slots)
  const outages = new OutageLog()
  const shows = new Shows({ ...shown, notifies: notify !== undefined })
  const deliveries = notify && new Deliveries(notify)
  const notices = notify && new OutageNotices()
  requireReceiver(webhook)
  requireNotifyReceiver(notify)
  return {
    async getRunStatus(run: RunRef & Unanswered): Promise<Polled> {
      const isPoll = isOfWatch()
      const metrics = isPoll ? findMetrics() : undefined
      const lookOnce = () => onServer(run, (langGraph, signal) => getRunStatus(langGraph, run, signal))
      const { assistantId, ...look } = await (metrics ? measuredPoll(metrics, run.deployment, lookOnce) : lookOnce())
      const isSwept = !hasEnded(look) && isPoll && (await swept(run))
      return { ...look, ...isSwept, ...(await shows.to({ ...run, assistantId })), askedAtMs: scheduledAtMs() }
    },
    /** Sweeps a deployment: wakes its watches when something happens on their threads, until none is open. */
    async sweepThreads({ deployment }: { readonly deployment: string }): Promise<SweepEnd> {
      return classified(async () => {
        const langGraph = deployments(deployment, caller())
        // Watches sleep on it while another worker of the task queue may sweep.
        if (!sweeps)
          throw ApplicationFailure.retryable('this worker has no sweep: another one may take over', 'NoSweep')
        const searchThreads: LangGraph['searchThreads'] = (...asked) =>
          outages.observe(deployment, () => langGraph.searchThreads(...asked))
        return sweeps.sweep(deployment, { searchThreads }, findMetrics())
      })
    },
    /** Tells the receiver of notifications. */
    async notify(notification: NumberedNotification): Promise<void> {
      if (!deliveries) throw noReceiver()
      return withinTry((signal) => deliveries.deliver(notification, signal))
    },
    /** What a watch may show now: it has slept, and somebody may have removed the search attributes meanwhile. */
    lookAtShown(): Promise<Shown> {
      return shows.now()
    },
    /** What a person asks a worker: does each of its servers answer, and what else is it configured with. */
    diagnose(): Promise<WorkerReport> {
      const keepsSearchAttributes = shown.searchAttributes !== undefined
      const known = {
        deployments,
        caller: caller(),
        keepsSearchAttributes,
        sweepIntervalMs: sweeps?.intervalMs,
        webhook,
        resultStore,
      }
      return classified(() => diagnose(known))
    },
    async createRun(request: CreateRunRequest): Promise<Created> {
      const metrics = findMetrics()
      const create = () => onServer(request, (langGraph, signal) => createRun(langGraph, request, webhook, signal))
      const creation = await (metrics ? measuredCreation(metrics, request, create) : create())
      const { deployment, run } = request
      const assistantId = isContinuation(run) ? undefined : run.assistantId
      const created = creation.kind === 'created' ? { ...creation, deployment, assistantId } : undefined
      return { ...creation, ...(await shows.to(created)), askedAtMs: scheduledAtMs() }
    },
    cancelRun({ action, ...run }: RunRef & { readonly action: CancelAction }): Promise<void> {
      return onServer(run, (langGraph, signal) => langGraph.cancelRun(run, action, signal))
    },
    /** What has become of a run that waits. */
    async findLaterRun({ asked, ...run }: RunRef & { readonly asked: StateNow }): Promise<Looked> {
      const later = await onServer(run, async (langGraph, signal) => {
        const found = await langGraph.findLaterRun(run, asked, signal)
        if (found.kind !== 'gone' || (await hasThread(langGraph, run.threadId, signal)) === true) return found
        return { ...found, threadMissing: true as const }
      })
      return { ...later, ...(later.kind === 'none' && (await swept(run))), ...(await shows.to()) }
    },
    retrieveStreamValues(request: RetrievalRequest): Promise<Timed<Retrieved>> {
      return retrieveFrom(request, (langGraph, signal, large) =>
        langGraph.readOwnStream(request, 'begin', signal, large),
      )
    },
    retrieveThreadState(request: RetrievalRequest): Promise<Timed<Retrieved>> {
      return retrieveFrom(request, (langGraph, signal, large) => langGraph.readOwnState(request, signal, large))
    },
    retrieveJoinStream(request: RetrievalRequest): Promise<Timed<Retrieved>> {
      return retrieveFrom(request, (langGraph, signal, large) => langGraph.readOwnStream(request, 'now', signal, large))
    },
  }

  /** Tells a watch that will sleep whether a sweep wakes it. */
  async function swept(run: RunRef): Promise<Swept> {
    if (!(await sweeps?.isAlive(run.deployment))) return {}
    const isNamed = activityInfo().workflowExecution?.workflowId === watchWorkflowId(run)
    return { swept: true, ...(!isNamed && { isRunUnnamed: true }) }
  }

  /** One try on one server, within the time that Temporal gives it. */
  function onServer<T>(
    { deployment, unanswered = 0 }: { readonly deployment: string } & Unanswered,
    work: (langGraph: LangGraph, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const ask = () => {
      const langGraph = deployments(deployment, caller())
      return shared.hold(deployment, () => withinTry((signal) => work(langGraph, signal)))
    }
    return shows.inFailures(
      () =>
        classified(async () => {
          const done = await outages.observe(deployment, ask)
          notices?.answered(deployment)
          return done
        }),
      () => notices?.noticeOf(caller().taskQueue, deployment, unanswered),
    )
  }

  function retrieveFrom(
    request: RetrievalRequest,
    read: (langGraph: LangGraph, signal: AbortSignal, large?: LargeValues) => Promise<OwnValues>,
  ): Promise<Timed<Retrieved>> {
    return timed(() =>
      onServer(request, (langGraph, signal) =>
        retrieve(
          request.resultKeys,
          (large) => read(langGraph, signal, large),
          () => hasThread(langGraph, request.threadId, signal),
          resultStore && keeperIn(resultStore, request, signal),
        ),
      ),
    )
  }
}

function keeperIn(store: ResultStore, run: RunRef, signal: AbortSignal): Keeper {
  const { namespace } = caller()
  return { above: store.above, keep: (chunks) => store.keep(namespace, run, chunks, signal) }
}

function caller(): Caller {
  const { namespace, taskQueue } = activityInfo()
  return { namespace, taskQueue }
}
