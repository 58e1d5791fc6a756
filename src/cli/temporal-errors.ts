import { isGrpcServiceError } from '@temporalio/client'
import { NamespaceNotFoundError } from '@temporalio/common'
import { workflowTypes } from '../domain/contract.ts'
import { aboutTls, noNamespace } from '../temporal-connection.ts'
import { CliError, exitCodes } from './exit.ts'
import { quoted } from './shell.ts'
import type { FoundWorkflow } from './temporal.ts'

const grpc = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** Where Temporal is looked for. */
export interface Place {
  readonly address: string
  readonly namespace: string
  readonly isTlsOn: boolean
}

/** What Temporal answered instead, with what to do. */
export function explain(error: unknown, place: Place): unknown {
  const grpcError = grpcErrorIn(error)
  const isNoNamespace = grpcError?.code === grpc.notFound && /^namespace\b/i.test(grpcError.details)
  if (error instanceof NamespaceNotFoundError || isNoNamespace) {
    return new CliError(exitCodes.usage, noNamespace(place.address, place.namespace))
  }
  return grpcError ? (meaningOf(grpcError, place) ?? error) : error
}

/** Says that a worker is missing, and what to do. */
export function noWorker(taskQueue: string): string {
  return `No worker polls the task queue "${taskQueue}": ${startWorker(taskQueue)}, or set TEMPORAL_TASK_QUEUE to the queue that yours polls`
}

/** The same of an open workflow whose task queue is another than ours: setting the variable would change nothing. */
export function noWorkerElsewhere({ workflowId, type, taskQueue }: FoundWorkflow, ours: string): string {
  const isExecution = type === workflowTypes.executeRun
  const what = isExecution ? 'The open execution of this id' : 'The open watch of this run'
  const again = isExecution ? 'take another --id' : 'watch again'
  return `${what} is on the task queue "${taskQueue}" (yours is "${ours}"): start a worker there, or end it (\`temporal workflow terminate --workflow-id ${quoted(workflowId)}\`) and ${again}`
}

export function startWorker(taskQueue: string): string {
  return `start one (\`TEMPORAL_TASK_QUEUE=${quoted(taskQueue)} npm run worker\` in a clone, \`node node_modules/langgraph-background-runs/dist/worker.js\` in a project that has the package, with the TEMPORAL_* variables of here)`
}

export function noAnswer({ address, isTlsOn }: Place): CliError {
  return new CliError(
    exitCodes.unavailable,
    `Temporal does not answer at ${address}. Start it (\`temporal server start-dev\`), or say where it is: TEMPORAL_ADDRESS or TEMPORAL_PROFILE${isTlsOn ? '.' : ', and'} ${aboutTls(isTlsOn)}`,
  )
}

function meaningOf({ code, details }: GrpcError, place: Place): CliError | undefined {
  switch (code) {
    case grpc.unavailable:
    // As a deadline ends a call that the server has accepted.
    case grpc.cancelled:
    case grpc.deadlineExceeded:
      return noAnswer(place)
    case grpc.unauthenticated:
    case grpc.permissionDenied:
      return new CliError(
        exitCodes.usage,
        `Temporal at ${place.address} refuses (${details}): check TEMPORAL_API_KEY, or TEMPORAL_TLS_*, and TEMPORAL_NAMESPACE`,
      )
    default:
      return undefined
  }
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
