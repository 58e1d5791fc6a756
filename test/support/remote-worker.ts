import { activityInfo } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { NativeConnection, Worker } from '@temporalio/worker'
import { payloadOptions } from './encryption.ts'

// A worker in a process of its own, for tests that kill it: the real workflows, and activities that ask the test.

const {
  TEMPORAL_ADDRESS: address,
  TASK_QUEUE: taskQueue = '',
  BUNDLE: codePath = '',
  ANSWERS: answers = '',
} = process.env
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))

const names = [
  'createRun',
  'cancelRun',
  'findLaterRun',
  'getRunStatus',
  'retrieveStreamValues',
  'retrieveThreadState',
  'retrieveJoinStream',
]

const worker = await Worker.create({
  connection: await NativeConnection.connect({ ...(address && { address }) }),
  taskQueue,
  workflowBundle: { codePath },
  ...payloadOptions,
  activities: Object.fromEntries(names.map((name) => [name, (argument: unknown) => ask(name, argument)])),
})
process.send?.('ready')
await worker.run()

async function ask(name: string, argument: unknown): Promise<unknown> {
  const { workflowExecution, scheduledTimestampMs } = activityInfo()
  const body = JSON.stringify({ name, argument, workflowId: workflowExecution?.workflowId })
  const response = await fetch(answers, { method: 'POST', body })
  const { answer, failure }: { answer?: unknown; failure?: { type: string; message: string; details: object[] } } =
    JSON.parse(await response.text())
  if (!failure) return answer && { ...answer, askedAtMs: scheduledTimestampMs, tookMs: 0 }
  const failed = ApplicationFailure.create({ ...failure, nonRetryable: true })
  failed.stack = failure.message
  throw failed
}
