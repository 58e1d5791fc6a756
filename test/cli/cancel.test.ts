import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { CliStage, execute, named, noWorker, unknownRun } from './stage.ts'

const aapl = { symbol: 'AAPL' }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open()
})
afterAll(() => stage.close())

describe.concurrent('cancel', () => {
  const waits = 'Cancelling, and waiting until the run has stopped (usually seconds, at most 65 s)\n'

  test('stops a run that nobody watches: 0', async () => {
    const run = await stage.langGraph.create('work', { ...aapl, seconds: 60 })
    const ids = [run.threadId, run.runId]
    await stage.langGraph.untilAtWork(run)

    const cancelled = await stage.runToEnd(['cancel', ...ids, '--json'])

    expect(cancelled).toMatchObject({ code: 0, stderr: waits })
    expect(JSON.parse(cancelled.stdout)).toMatchObject({
      result: 'cancelled',
      run_id: run.runId,
      thread_id: run.threadId,
    })
    expect(await stage.langGraph.status(run)).toBe('interrupted')
  })

  test('stops the run of an execution, whose command ends as cancelled: 6', async () => {
    const id = `test/${randomUUID()}`
    const command = stage.start(execute('work', { ...aapl, seconds: 60 }, '--id', id))
    await command.said('Run ')

    const cancelled = await stage.runToEnd(['cancel', '--id', id, '--action', 'interrupt'])

    expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringMatching(/^result: cancelled\nrun_id: /) })
    expect(await command.ended).toMatchObject({ code: 6, stdout: expect.stringContaining('"cancelled":true') })
    await vi.waitFor(async () => {
      const { stdout } = await stage.runToEnd(['list', '--state', 'cancelled', '--limit', '10000', '--json'])
      const listed: { id: string }[] = JSON.parse(stdout)
      expect(listed.find((one) => one.id === id)).toMatchObject({ state: 'cancelled' })
    }, 30_000)
    const afterwards = await stage.runToEnd(['cancel', '--id', id])
    expect(afterwards).toMatchObject({ code: 3, stdout: '' })
    const { run_id, thread_id } = JSON.parse((await command.ended).stdout)
    expect(afterwards.stderr).toBe(
      `error: The watch has ended (langgraph-runs status --id ${id} shows how), so it cannot cancel its run.\nTo cancel the run all the same: langgraph-runs cancel ${thread_id} ${run_id}\n`,
    )
  })

  test('reports that the run had ended: 0, or that the run or the id is unknown: 3', async () => {
    const ended = await stage.langGraph.ended('work', aapl)

    const [hadEnded, unknownRun, unknownId] = await Promise.all([
      stage.runToEnd(['cancel', ended.threadId, ended.runId]),
      stage.runToEnd(['cancel', randomUUID(), randomUUID()]),
      stage.runToEnd(['cancel', '--id', 'watch-run/nowhere']),
    ])

    expect(hadEnded).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^result: had_ended\n[^]*status: success\n/),
    })
    expect(unknownRun).toMatchObject({ code: 3, stdout: '' })
    expect(unknownRun.stderr).toContain('check the ids and the deployment')
    expect(unknownId).toMatchObject({ code: 3, stdout: '' })
    expect(unknownId.stderr).toContain('error: Temporal has no workflow "watch-run/nowhere"')
  })

  test('cannot confirm it: 3', async () => {
    const ids = [randomUUID(), randomUUID(), '--deployment', 'endless']

    const { code, stdout, stderr } = await stage.runToEnd(['cancel', ...ids])

    expect(code).toBe(3)
    expect(stdout).toMatch(/^result: cancel_unconfirmed\n/)
    expect(stderr).toBe(`${waits}The run may still be running. To try again, repeat this command\n`)
    // The server is asked for 30 s.
  }, 100_000)

  test('shows what delays it', async () => {
    const run = { ...unknownRun(), deployment: 'elsewhere' }
    const command = stage.start(['cancel', ...named(run), '--deployment', run.deployment])

    await command.said('Not cancelled yet: Deployment "elsewhere" is not configured on this worker')

    command.signal('SIGINT')
    expect(await command.ended).toMatchObject({ code: 130, stdout: '' })
    await stage.client.workflow.getHandle(watchWorkflowId(run)).terminate()
  })

  test('without a worker: 69', async () => {
    const ended = await stage.runToEnd(['cancel', ...named(unknownRun())], noWorker())

    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toContain('error: No worker polls the task queue')
  })
})
