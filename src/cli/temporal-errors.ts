import { isGrpcServiceError } from '@temporalio/client'
import { NamespaceNotFoundError } from '@temporalio/common'
import { workflowTypes } from '../domain/contract.ts'
import { aboutTls, noNamespace } from '../temporal-connection.ts'
import { CliError, exitCodes } from './exit.ts'
import type { Row } from './list/listed.ts'
import { onOneLine, quoted } from '../domain/printable.ts'

const grpc = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const

export interface TemporalAddress {
  readonly address: string
  readonly namespace: string
  readonly isTlsOn: boolean
}

export interface FoundWorkflow {
  readonly workflowId: string
  /** Temporal's id of this execution: others may have the same workflow id. */
  readonly workflowRunId: string
  /** The first one of its chain of continue-as-new. */
  readonly firstRunId: string
  readonly type: string
  readonly isOpen: boolean
  readonly startTime: Date
  readonly taskQueue: string
  /** As visibility has it too. */
  readonly row: Row
}

/** What Temporal answered instead, with what to do. */
export function explain(error: unknown, temporal: TemporalAddress): unknown {
  const grpcError = grpcErrorIn(error)
  const isNoNamespace = grpcError?.code === grpc.notFound && /^namespace\b/i.test(grpcError.details)
  if (error instanceof NamespaceNotFoundError || isNoNamespace) {
    return new CliError(exitCodes.usage, noNamespace(temporal.address, temporal.namespace))
  }
  return grpcError ? (meaningOf(grpcError, temporal) ?? error) : error
}

export function noWorker(taskQueue: string): string {
  return `No worker polls the task queue "${taskQueue}": ${startWorker(taskQueue)}, or set TEMPORAL_TASK_QUEUE to the queue that yours polls`
}

/** Says so for an open workflow on another task queue than ours: setting the variable would change nothing. */
export function noWorkerElsewhere({ workflowId, type, taskQueue }: FoundWorkflow, ours: string): string {
  const isExecution = type === workflowTypes.executeRun
  const what = isExecution ? 'The open execution with this id' : 'The open watch of this run'
  const again = isExecution ? 'choose another --id' : 'watch again'
  return `${what} is on the task queue "${taskQueue}" (yours is "${ours}"): start a worker there, or end it (\`temporal workflow terminate --workflow-id ${quoted(workflowId)}\`) and ${again}`
}

export function startWorker(taskQueue: string, which = 'one'): string {
  return `start ${which} (\`TEMPORAL_TASK_QUEUE=${quoted(taskQueue)} langgraph-runs worker\`, with the TEMPORAL_* variables of this shell)`
}

export function noAnswer({ address, isTlsOn }: TemporalAddress): CliError {
  return new CliError(
    exitCodes.unavailable,
    `Temporal does not answer at ${address}. Start it (\`temporal server start-dev\`), or set TEMPORAL_ADDRESS or TEMPORAL_PROFILE${isTlsOn ? '.' : ', and'} ${aboutTls(isTlsOn)}`,
  )
}

function meaningOf({ code, details }: GrpcError, temporal: TemporalAddress): CliError | undefined {
  switch (code) {
    case grpc.unavailable:
    // A deadline ends a call that the server has accepted in this way.
    case grpc.cancelled:
    case grpc.deadlineExceeded:
      return noAnswer(temporal)
    case grpc.failedPrecondition:
      // A query just after the last worker has stopped, while Temporal still lists that worker.
      if (/Workflow Task in failed state/i.test(details)) return noWorkerCan()
      if (!details.includes('no poller')) return undefined
      return new CliError(
        exitCodes.unavailable,
        'No worker answers for this workflow: start one (`langgraph-runs worker`)',
      )
    case grpc.unauthenticated:
    case grpc.permissionDenied:
      return new CliError(
        exitCodes.usage,
        `Temporal at ${temporal.address} refuses (${details}): check TEMPORAL_API_KEY, or TEMPORAL_TLS_*, and TEMPORAL_NAMESPACE`,
      )
    default:
      return undefined
  }
}

/** @param reason why the last worker that took it up could not, if it is known */
export function noWorkerCan(reason?: string): CliError {
  const why = reason === undefined ? 'their log says why' : `the last one failed: ${onOneLine(reason)}`
  return new CliError(
    exitCodes.unavailable,
    `The workers cannot carry out this workflow at the moment, and ${why}. It continues once one can; then repeat this command`,
  )
}

interface GrpcError {
  readonly code: number
  readonly details: string
}

/** Temporal's client wraps what the connection said. */
export function grpcErrorIn(error: unknown): GrpcError | undefined {
  if (isGrpcServiceError(error)) return error
  return error instanceof Error && error.cause !== undefined ? grpcErrorIn(error.cause) : undefined
}
