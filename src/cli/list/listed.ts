import type { Client } from '@temporalio/client'
import { defaultDeployment } from '../../domain/defaults.ts'
import { present } from '../../domain/json.ts'
import { isEndedState, isOpenState } from '../../domain/state.ts'
import { runOfWatch } from '../run-of.ts'
import { watchMemo } from './memo.ts'
import { temporalStatus } from './states.ts'
import type { ListedState, TemporalStatus } from './states.ts'

type Page = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>
export type Row = NonNullable<Page['executions']>[number]

/** A watch or an execution, as `list --json` prints it. Times are ISO 8601 UTC. */
export interface Listed {
  readonly id: string
  /** `watchRun` or `executeRun`. */
  readonly type: string
  /** Its own word, or Temporal's if it ended without one. */
  readonly state: ListedState
  readonly temporal_status: TemporalStatus
  readonly started: string
  readonly ended?: string
  readonly state_since: string
  readonly deployment?: string
  readonly thread_id?: string
  readonly run_id?: string
  readonly assistant?: string
  /** In state `human`. */
  readonly question?: string
  /** In state `backing_off`: which attempt comes next, and when. */
  readonly attempt?: number
  readonly next_attempt_at?: string
  readonly error?: string
}

/** Reads one row of visibility, without asking anybody. */
export async function listed(client: Client, row: Row): Promise<Listed> {
  const { loadedDataConverter } = client.options
  const id = row.execution?.workflowId ?? ''
  const {
    state: said,
    state_since,
    question,
    attempt,
    next_attempt_at,
    error,
    ...memo
  } = await watchMemo(loadedDataConverter, row.memo?.fields)
  const named = runOfWatch(id)
  const run = named && {
    deployment: named.deployment ?? defaultDeployment,
    thread_id: named.threadId,
    run_id: named.runId,
  }
  const status = temporalStatus(row.status)
  const [started, ended] = [timeOf(row.startTime) ?? new Date(0).toISOString(), timeOf(row.closeTime)]
  const state = lastWord(said, ended !== undefined) ?? status
  const isOwn = state === said
  return {
    id,
    type: row.type?.name ?? '',
    state,
    temporal_status: status,
    started,
    ...present({ ended }),
    state_since: (isOwn ? state_since : ended) ?? started,
    ...run,
    ...memo,
    ...(state === 'backing_off' && present({ attempt, next_attempt_at })),
    ...present({ question: state === 'human' ? question : undefined, error: isOwn ? error : undefined }),
  }
}

/** A closed watch may have been ended from outside in any state: then its own word is an old one. */
function lastWord(said: ListedState | undefined, hasEnded: boolean): ListedState | undefined {
  return isEndedState(said) || (!hasEnded && isOpenState(said)) ? said : undefined
}

function timeOf(time: Row['startTime']): string | undefined {
  if (!time) return undefined
  return new Date(Number(time.seconds ?? 0) * 1000 + (time.nanos ?? 0) / 1e6).toISOString()
}
