import { isGrpcServiceError } from '@temporalio/client'
import { NamespaceNotFoundError } from '@temporalio/common'
import { CliError, exitCodes } from './exit.ts'

const grpc = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** What Temporal answered instead, with what to do. */
export function explain(error: unknown, address: string, namespace: string): unknown {
  const grpcError = grpcErrorIn(error)
  const isNoNamespace = grpcError?.code === grpc.notFound && /^namespace\b/i.test(grpcError.details)
  if (error instanceof NamespaceNotFoundError || isNoNamespace) {
    return new CliError(
      exitCodes.usage,
      `Temporal at ${address} has no namespace "${namespace}": correct TEMPORAL_NAMESPACE, or create it (\`temporal operator namespace create\`)`,
    )
  }
  return grpcError ? (meaningOf(grpcError, address) ?? error) : error
}

/** Says that a worker is missing, and what to do. */
export function noWorker(taskQueue: string): string {
  return `No worker polls the task queue "${taskQueue}": ${startWorker(taskQueue)}, or set TEMPORAL_TASK_QUEUE to the queue that yours polls`
}

export function startWorker(taskQueue: string): string {
  return `start one (\`TEMPORAL_TASK_QUEUE=${taskQueue} npm run worker\` in a clone, \`node node_modules/langgraph-background-runs/dist/worker.js\` in a project that has the package, with the TEMPORAL_* variables of here)`
}

export function noAnswer(address: string): CliError {
  return new CliError(
    exitCodes.unavailable,
    `Temporal does not answer at ${address}. Start it (\`temporal server start-dev\`), or say where it is: TEMPORAL_ADDRESS or TEMPORAL_PROFILE, and TEMPORAL_TLS=true if it wants TLS`,
  )
}

function meaningOf({ code, details }: GrpcError, address: string): CliError | undefined {
  switch (code) {
    case grpc.unavailable:
    // As a deadline ends a call that the server has accepted.
    case grpc.cancelled:
    case grpc.deadlineExceeded:
      return noAnswer(address)
    case grpc.unauthenticated:
    case grpc.permissionDenied:
      return new CliError(
        exitCodes.usage,
        `Temporal at ${address} refuses (${details}): check TEMPORAL_API_KEY, or TEMPORAL_TLS_*, and TEMPORAL_NAMESPACE`,
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
