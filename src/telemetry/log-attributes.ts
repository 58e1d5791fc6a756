import type { ActivityInterceptorsFactory } from '@temporalio/worker'
import { isRecord, present } from '../domain/json.ts'

/** Adds to each log entry of an activity which deployment, thread and run it is about. */
export const logAttributes: ActivityInterceptorsFactory = () => {
  let about = {}
  return {
    inbound: {
      execute(input, next) {
        about = aboutOf(input.args[0])
        return next(input)
      },
    },
    outbound: {
      getLogAttributes: (attributes, next) => next({ ...attributes, ...about }),
    },
  }
}

function aboutOf(request: unknown): object {
  if (!isRecord(request)) return {}
  const { deployment, threadId: thread_id, runId: run_id } = request
  return present({ deployment, thread_id, run_id })
}
