import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { runHere } from './here.ts'
import { CliStage, endlessRun, execute, named, noWorker, unknownRun } from './stage.ts'

const aapl = { symbol: 'AAPL' }
const patience = { timeout: 30_000, interval: 100 }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open()
})
afterAll(() => stage.close())

const here = (args: readonly string[], more: Readonly<Record<string, string>> = {}) =>
  runHere(args, { env: { TEMPORAL_TASK_QUEUE: stage.taskQueue, ...more } })

describe('--detach', () => {
  test('starts a watch, and prints its id alone: 0', async () => {
    const run = await stage.langGraph.ended('work', aapl)

    const ended = await here(['watch', ...named(run), '--detach'], { TEMPORAL_UI_URL: 'https://temporal.example/' })

    const id = watchWorkflowId(run)
    const link = `https://temporal.example/namespaces/default/workflows/${encodeURIComponent(id)}`
    expect(ended).toEqual({
      code: 0,
      stdout: `${id}\n`,
      stderr: `Web UI  ${link}\nThe watch is running. To follow it: langgraph-runs watch --id ${id}\n`,
    })
    expect(await stage.client.workflow.getHandle(id).result()).toMatchObject({ status: 'success' })
  })

  test('starts an execution once, prints its id and the link as JSON, and what has ended stays: 0', async () => {
    const id = `test/${randomUUID()}`
    const args = [...execute('work', aapl, '--id', id), '--detach']

    const first = await here(args)
    await stage.client.workflow.getHandle(id).result()
    const second = await here(args)

    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\{.*\}\n$/) })
    expect(JSON.parse(first.stdout)).toEqual({ workflow_id: id, web_ui: expect.stringContaining('/workflows/test%2F') })
    expect(second).toMatchObject({ code: 0, stdout: first.stdout })
    expect(second.stderr).toBe(`The execution has ended already. Its outcome: langgraph-runs status --id ${id}\n`)
  })

  test('starts without a worker and says so; with --require-worker it does not: 69', async () => {
    const run = unknownRun()
    const queue = noWorker()

    const required = await here(['watch', ...named(run), '--detach', '--require-worker'], queue)
    const started = await here(['watch', ...named(run), '--detach'], queue)

    expect(required).toMatchObject({ code: 69, stdout: '' })
    expect(started).toMatchObject({ code: 0, stdout: `${watchWorkflowId(run)}\n` })
    expect(started.stderr).toMatch(/^No worker polls the task queue .*\. It begins once one is running$/m)
    await stage.client.workflow.getHandle(watchWorkflowId(run)).terminate()
  })
})

describe('wake', () => {
  test('makes an open watch poll now: 0', async () => {
    const { args, workflowId } = endlessRun()
    await here(['watch', ...args, '--poll-interval', '1h', '--max-poll-time', 'none', '--detach'])
    const polls = async () => (await stage.runs.progress({ workflowId })).poll_count
    await vi.waitFor(async () => expect(await polls()).toBe(1), patience)

    const byRun = await here(['wake', ...args])

    expect(byRun).toEqual({
      code: 0,
      stdout: '',
      stderr: `Woken. To see what it found: langgraph-runs status ${args.join(' ')}\n`,
    })
    await vi.waitFor(async () => expect(await polls()).toBe(2), patience)
    const byId = await here(['wake', '--id', workflowId])
    expect(byId.code).toBe(0)
    await vi.waitFor(async () => expect(await polls()).toBe(3), patience)
  })

  test('says that it takes a worker, if none is running: 0', async () => {
    const run = unknownRun()
    const queue = noWorker()
    await here(['watch', ...named(run), '--detach'], queue)

    const ended = await here(['wake', ...named(run)], queue)

    expect(ended).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^It is woken once a worker is running\. No worker/),
    })
    await stage.client.workflow.getHandle(watchWorkflowId(run)).terminate()
  })

  test('refuses what is not open: 3', async () => {
    const run = await stage.langGraph.ended('work', aapl)
    await stage.runs.watch(run)

    const [ended, unwatched, unknown] = await Promise.all([
      here(['wake', ...named(run)]),
      here(['wake', ...named(unknownRun())]),
      here(['wake', '--id', 'order/nowhere']),
    ])

    expect([ended, unwatched, unknown].map(({ code }) => code)).toEqual([3, 3, 3])
    expect(ended.stderr).toBe(
      `error: It has ended, so it polls no more: langgraph-runs status ${named(run).join(' ')} shows how\n`,
    )
    expect(unwatched.stderr).toContain('error: This run has no watch. To start one: langgraph-runs watch ')
    expect(unknown.stderr).toContain('error: Temporal has no workflow "order/nowhere"')
  })
})

test('--address, --namespace and --task-queue count more than the environment, before the command or behind it', async () => {
  const run = await stage.langGraph.ended('work', aapl)
  const wrong = { TEMPORAL_NAMESPACE: 'nowhere', TEMPORAL_TASK_QUEUE: randomUUID() }

  const ended = await runHere(
    ['--namespace', 'default', 'watch', ...named(run), '--task-queue', stage.taskQueue, '--json'],
    { env: wrong },
  )
  const elsewhere = await runHere(['list', '--address', '127.0.0.1:1'])

  expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('success_with_results') })
  expect(elsewhere).toMatchObject({ code: 69, stderr: expect.stringContaining('does not answer at 127.0.0.1:1.') })
})
