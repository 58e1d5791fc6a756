import type { Headers, WorkflowInterceptors } from '@temporalio/workflow'
import { traceHeader } from '../domain/contract.ts'

/**
 * Carries the trace of a workflow's start on to its activities, its child workflows, and itself as it continues. Nothing of
 * OpenTelemetry is in the sandbox. Without a trace, or with one that another interceptor has set, it changes nothing.
 */
export function interceptors(): WorkflowInterceptors {
  let started: Headers = {}
  const carried = <T extends { readonly headers: Headers }>(input: T): T => {
    const trace = started[traceHeader]
    if (!trace || input.headers[traceHeader]) return input
    return { ...input, headers: { ...input.headers, [traceHeader]: trace } }
  }
  return {
    inbound: [
      {
        execute(input, next) {
          started = input.headers
          return next(input)
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(carried(input)),
        startChildWorkflowExecution: (input, next) => next(carried(input)),
        continueAsNew: (input, next) => next(carried(input)),
      },
    ],
  }
}
