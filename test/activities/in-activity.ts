import { randomUUID } from 'node:crypto'
import type { Info } from '@temporalio/activity'
import { Client, Connection } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { expect } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import type { ServerConfig } from '../../src/langgraph/server.ts'

/** A run of the deployment `default`. */
export function newRun() {
  return { threadId: randomUUID(), runId: randomUUID(), deployment: 'default' }
}

export function activitiesOn(url: string, config: Partial<ServerConfig> = {}) {
  return createActivities(createDeployments([{ name: 'default', url, ...config }]))
}

/**
 * For what hangs, and for nothing else: a busy machine may need some time for an answer. The limit acts 0.3 s before
 * Temporal's, so after 0.4 s.
 */
export const shortTry = { startToCloseTimeoutMs: 700 }
/** For what hangs after an answer: 1.2 s. */
export const ratherShortTry = { startToCloseTimeoutMs: 1500 }

/** What an activity runs in: one try that begins now, with all that it logs. */
export function tryOf(info: Partial<Info> = {}, client = temporalThatAwaits('test')) {
  const now = Date.now()
  const logged: string[] = []
  const environment = new MockActivityEnvironment(
    {
      startToCloseTimeoutMs: 5000,
      scheduleToCloseTimeoutMs: 0,
      scheduledTimestampMs: now,
      currentAttemptScheduledTimestampMs: now,
      ...info,
    },
    {
      client,
      logger: new DefaultLogger('TRACE', ({ message, meta }) => logged.push(message, written(meta))),
    },
  )
  return { environment, logged }
}

/** Temporal, as far as activities ask it: which ones of a workflow it waits for. */
function temporalThatAwaits(activityId: string): Client {
  const connection = Object.assign(Connection.lazy(), {
    withDeadline: <T>(_: unknown, ask: () => Promise<T>) => ask(),
    workflowService: { describeWorkflowExecution: async () => ({ pendingActivities: [{ activityId, attempt: 1 }] }) },
  })
  return new Client({ connection })
}

/** What an answer adds for every workflow: `times.test.ts` and `shown.test.ts` have it. */
const added = ['tookMs', 'askedAtMs', 'memo', 'searchAttributes', 'links']

/** Runs one try to its end, and returns its answer without what is added. */
export async function inActivity<A, R>(
  activity: (argument: A) => Promise<R>,
  argument: A,
  info?: Partial<Info>,
): Promise<R> {
  const answer: R = await tryOf(info).environment.run(activity, argument)
  for (const name of added) Reflect.deleteProperty(Object(answer), name)
  return answer
}

/** What the try fails with. Whatever it is, it holds nothing that must not be in history. */
export async function failureOf(attempt: Promise<unknown>): Promise<ApplicationFailure> {
  const failure: unknown = await attempt.then(
    (answer) => new Error(`no failure but ${written(answer)}`),
    (error: unknown) => error,
  )
  if (!(failure instanceof ApplicationFailure)) throw failure
  const { type, message, stack, cause, details } = failure
  Reflect.deleteProperty(Object(details?.[0]), 'shown')
  expect(stack).toBe(`${type}: ${message}`)
  expect(cause).toBeUndefined()
  expect(written({ message, details })).not.toMatch(/https?:|127\.0\.0\.1|localhost|node_modules|\/src\/|\n/)
  return failure
}

/** Everything in it, also what JSON leaves out of errors. */
export function written(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part instanceof Error
      ? Object.fromEntries(Reflect.ownKeys(part).map((key) => [key, Reflect.get(part, key)]))
      : part,
  )
}
