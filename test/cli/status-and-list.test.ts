import { randomUUID } from 'node:crypto'
import { msToTs } from '@temporalio/common/lib/time.js'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { hang, json } from '../support/scripted-langgraph.ts'
import { sweepWorkflowId, watchWorkflowId, workflowTypes } from '../../src/domain/contract.ts'
import { BackgroundRuns } from '../../src/client.ts'
import { CliStage, endlessRun, named, noWorker, unknownRun } from './stage.ts'

const aapl = { symbol: 'AAPL' }
const patience = { timeout: 30_000, interval: 100 }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open({
    hanging: (server) =>
      server
        .on('run', json({ status: 'success' }))
        .on('state', hang)
        .on('history', hang)
        .on('stream', hang),
  })
})
afterAll(() => stage.close())

describe.concurrent('status and list', () => {
  test('an open watch shows its progress: 0', async () => {
    const { args, workflowId } = endlessRun()
    const watch = stage.start(['watch', ...args])
    await watch.said(/^waiting /m)

    const byRun = await stage.runToEnd(['status', ...args, '--json'])
    const [deployment, ids] = [
      workflowId.slice(0, 'watch-run/endless'.length),
      workflowId.slice('watch-run/endless'.length),
    ]
    const byId = await stage.runToEnd(['status', '--id', deployment + ids.toUpperCase()])

    expect(byRun.code).toBe(0)
    expect(JSON.parse(byRun.stdout)).toMatchObject({ status: 'running', poll_count: expect.any(Number) })
    expect(byId).toMatchObject({ code: 0, stdout: expect.stringMatching(/^phase: (waiting|polling)\n/) })
  })

  test('a closed watch shows its outcome and exits with its code, even if the outcome failed the workflow', async () => {
    const run = await stage.langGraph.ended('fail', aapl)
    const handle = await stage.runs.startWatch({ ...run, onUnsuccessful: 'fail' })
    await expect(handle.result()).rejects.toThrow('Workflow execution failed')

    const { code, stdout } = await stage.runToEnd(['status', '--id', handle.workflowId])

    expect(code).toBe(3)
    expect(stdout).toContain('polling_result: error\n')
    expect(stdout).toContain('error: ValueError: boom for AAPL\n')
  })

  test('without a watch it takes one look at the run: 0', async () => {
    const run = await stage.langGraph.ended('work', aapl)

    const ended = await stage.runToEnd(['status', ...named(run)])

    expect(ended).toMatchObject({ code: 0, stdout: 'status: success\n' })
    expect(ended.stderr).toBe('This run has no watch. One look at the run itself:\n')
  })

  test('an unknown run, and an unknown id: 3', async () => {
    const [unknown, id] = await Promise.all([
      stage.runToEnd(['status', ...named(unknownRun())]),
      stage.runToEnd(['status', '--id', 'watch-run/nowhere']),
    ])

    expect(unknown).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('check the ids and the') })
    const error = 'error: Temporal has no workflow "watch-run/nowhere": `langgraph-runs list` shows the existing ones\n'
    expect(id).toEqual({ code: 3, stdout: '', stderr: error })
  })

  test('an open workflow that is neither a watch nor an execution: 64, in every command', async () => {
    const handle = await stage.client.workflow.start('retrieveRunResult', {
      taskQueue: stage.taskQueue,
      workflowId: randomUUID(),
      args: [{ ...unknownRun(), deployment: 'hanging', retrievalTimeout: '1h' }],
    })

    const commands = [['status'], ['watch'], ['cancel'], ['resume'], ['execute', 'work']]
    const ended = await Promise.all(commands.map((command) => stage.runToEnd([...command, '--id', handle.workflowId])))

    await handle.terminate()
    const error = `error: "${handle.workflowId}" is a workflow of type retrieveRunResult, not a watch or an execution: \`langgraph-runs list\` shows the existing ones\n`
    expect(ended).toEqual(commands.map(() => ({ code: 64, stdout: '', stderr: error })))
  })

  test('list has the open watches first, each kind newest first, and no sweep', async () => {
    // A namespace holds the watches of everybody: these are looked for among them.
    const names = ['endless', 'endless', 'default', 'default'] as const
    const ids: string[] = []
    for (const deployment of names) {
      const handle = await stage.runs.startWatch({ threadId: randomUUID(), runId: randomUUID(), deployment })
      if (deployment === 'default') await handle.result()
      ids.unshift(handle.workflowId)
    }
    const taskQueue = randomUUID()
    const sweep = sweepWorkflowId(taskQueue, 'default')
    await stage.client.workflow.start(workflowTypes.sweepRuns, { taskQueue, workflowId: sweep })
    const [newerClosed, olderClosed, newerOpen, olderOpen] = ids
    const expected = [newerOpen, olderOpen, newerClosed, olderClosed]
    const listed = async () => {
      const { stdout } = await stage.runToEnd(['list', '--limit', '10000', '--json'])
      const watches: { id: string; state: string; temporal_status: string; ended?: string }[] = JSON.parse(stdout)
      return watches.filter(({ id }) => ids.includes(id) || id === sweep)
    }

    const watches = await vi.waitFor(async () => {
      const found = await listed()
      expect(found.filter(({ temporal_status }) => temporal_status === 'completed')).toHaveLength(2)
      return found
    }, patience)

    expect(watches.map(({ id }) => id)).toEqual(expected)
    expect(watches.map(({ state }) => state)).toEqual(['waiting', 'waiting', 'polling_error', 'polling_error'])
    expect(watches.map(({ ended }) => ended !== undefined)).toEqual([false, false, true, true])
  })

  test('list shows each execution of a run that was watched twice with its own state', async () => {
    const run = await stage.langGraph.ended('work', aapl)
    await stage.runs.watch({ ...run, resultKeys: ['absent'], retrievalOrder: ['thread_state'] })
    await stage.runs.watch(run)

    const listed = await vi.waitFor(async () => {
      const { stdout } = await stage.runToEnd(['list', '--thread', run.threadId, '--limit', '10000', '--json'])
      const ofRun: { id: string; state: string }[] = JSON.parse(stdout)
      expect(ofRun.filter(({ state }) => state !== 'waiting')).toHaveLength(2)
      return ofRun
    }, patience)

    expect(listed.map(({ state }) => state)).toEqual(['success', 'no_result'])
    expect(listed.map(({ id }) => id)).toEqual([watchWorkflowId(run), watchWorkflowId(run)])
  })

  test('without a worker an open watch shows the state in its memo, and that a worker is needed: 69', async () => {
    const run = unknownRun()
    const queue = noWorker()
    const runs = new BackgroundRuns(stage.client, { taskQueue: queue.TEMPORAL_TASK_QUEUE })
    const { workflowId } = await runs.startWatch(run)

    const { code, stdout, stderr } = await stage.runToEnd(['status', ...named(run), '--json'], queue)

    await stage.client.workflow.getHandle(workflowId).terminate()
    expect(code).toBe(69)
    expect(JSON.parse(stdout)).toEqual({
      state: 'waiting',
      started: expect.stringMatching(/^20/),
      state_since: expect.stringMatching(/^20/),
      deployment: 'default',
      thread_id: run.threadId,
      run_id: run.runId,
    })
    expect(stderr).toContain(
      'The watch is open, but no worker answers for it. It continues once one is running: start one',
    )
  })

  test('list of an empty namespace names the first command', async () => {
    const namespace = `empty-${randomUUID()}`
    await stage.client.connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1d'),
    })

    const ended = await vi.waitFor(async () => {
      const found = await stage.runToEnd(['list'], { TEMPORAL_NAMESPACE: namespace })
      expect(found.code).toBe(0)
      return found
    }, patience)

    expect(ended).toMatchObject({ stdout: '', stderr: 'No watch yet. To start one: langgraph-runs watch THREAD RUN\n' })
  })
})
