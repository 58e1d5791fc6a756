import { workflowInfo } from '@temporalio/workflow'
import type { WorkflowInterceptors } from '@temporalio/workflow'

/** Ids of workflows that get their second argument from a starter, and not from the execution before. */
export const byStarter = 'by-starter/'

/**
 * Tests give a workflow as its second argument what thousands of events would lead to. Here it looks as if Temporal had
 * continued it as new.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    inbound: [
      {
        execute(input, next) {
          const info = workflowInfo()
          if (input.args.length > 1 && !info.workflowId.startsWith(byStarter)) {
            Object.assign(info, { continuedFromExecutionRunId: info.runId })
          }
          return next(input)
        },
      },
    ],
  }
}
