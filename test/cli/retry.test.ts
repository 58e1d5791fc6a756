import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CliStage, execute } from './stage.ts'

const input = { symbol: 'AAPL', size: 1 }
const soon = ['--retry-initial-interval', '1s']

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open()
})
afterAll(() => stage.close())

describe.concurrent('a run that fails', { timeout: 120_000 }, () => {
  test('is continued by `execute --retry-attempts`, which shows the pause; so do `status` and `list`', async () => {
    const id = `test/${randomUUID()}`
    const command = stage.start(
      execute('recovering', input, '--id', id, '--retry-attempts', '3', '--retry-initial-interval', '10m'),
    )
    await command.said('it failed: ModelError: attempt 1 failed')
    const [status, list] = await Promise.all([
      stage.runToEnd(['status', '--id', id, '--json']),
      stage.runToEnd(['list', '--state', 'backing_off', '--limit', '10000', '--json']),
    ])
    const retried = await stage.runToEnd(['retry', '--id', id])
    const woken = await stage.runToEnd(['wake', '--id', id])
    const { code, stdout, stderr } = await command.ended

    expect(stderr).toMatch(/^backing_off · run error · .*attempt 2 in \d.* · it failed: ModelError: attempt 1 failed$/m)
    const progress = JSON.parse(status.stdout)
    expect(progress).toMatchObject({ phase: 'backing_off', state: 'backing_off', attempt: 2 })
    const rows: { readonly id: string }[] = JSON.parse(list.stdout)
    expect(rows.find((row) => row.id === id)).toMatchObject({
      state: 'backing_off',
      attempt: 2,
      next_attempt_at: progress.next_attempt_at,
      error: 'ModelError: attempt 1 failed',
    })
    expect(retried).toMatchObject({ code: 3, stdout: '' })
    expect(retried.stderr).toContain(`It is still open: langgraph-runs status --id ${id} shows where it is`)
    expect(woken.code).toBe(0)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({
      result: { final: 'AAPL at attempt 2' },
      polling_metadata: { attempts: 2 },
    })
  })

  test('for good is continued by `retry`, by its run or its id: the last run of it', async () => {
    const id = `test/${randomUUID()}`
    const failed = await stage.runToEnd(
      execute('recovering', { ...input, size: 4 }, '--id', id, '--retry-attempts', '2', ...soon, '--json'),
    )
    const { run_id, thread_id, runs } = JSON.parse(failed.stdout)
    expect(failed.code).toBe(3)
    expect(runs).toHaveLength(2)
    expect(failed.stderr).toContain(
      `to continue it from where it failed: langgraph-runs retry ${thread_id} ${run_id}\n`,
    )

    const third = await stage.runToEnd(['retry', '--id', id, '--json'])
    expect(third.code).toBe(3)
    const after = JSON.parse(third.stdout)
    expect(after).toMatchObject({ polling_metadata: { attempts: 2 }, runs: [{ run_id, continued_by: 'retry' }, {}] })

    // The watch of that run has ended with a later one, from which each further command continues.
    const fourth = await stage.runToEnd(['retry', '--id', id, '--json'])
    expect(fourth.code).toBe(3)
    const last = JSON.parse(fourth.stdout)
    expect(last).toMatchObject({ error: 'ModelError: attempt 4 failed', runs: [{ run_id: after.run_id }, {}] })

    const fifth = await stage.runToEnd(['retry', thread_id, run_id, '--json', '--result-keys', 'partial,final'])
    expect(fifth.code).toBe(0)
    expect(JSON.parse(fifth.stdout)).toMatchObject({
      result: { partial: 'prepared 1 times', final: 'AAPL at attempt 5' },
      runs: [{ run_id: last.run_id }, {}],
    })
    // It has succeeded since.
    const sixth = await stage.runToEnd(['retry', '--id', id, '--json'])
    expect(sixth.code).toBe(0)
    expect(JSON.parse(sixth.stdout)).toMatchObject({ result: { final: 'AAPL at attempt 5' } })
    expect(await stage.langGraph.runsOf(thread_id)).toHaveLength(5)
  })

  test('and has no watch is continued by `retry`, and one that has not failed is only watched', async () => {
    const [failed, fine] = await Promise.all([
      stage.langGraph.ended('recovering', input),
      stage.langGraph.ended('work', { symbol: 'AAPL' }),
    ])
    const continued = await stage.runToEnd(['retry', failed.threadId, failed.runId])
    const watched = await stage.runToEnd(['retry', fine.threadId, fine.runId])
    expect(continued).toMatchObject({ code: 0, stdout: expect.stringContaining('final: AAPL at attempt 2') })
    expect(watched).toMatchObject({ code: 0, stdout: expect.stringContaining('final: done AAPL') })
    expect(await stage.langGraph.runsOf(fine.threadId)).toEqual([fine.runId])
  })

  test('is not continued if a later run of its thread is in the way, which can be watched instead', async () => {
    const { threadId, runId } = await stage.langGraph.ended('recovering', input)
    const retrying = ['--retry-attempts', '2', '--retry-initial-interval', '10m']
    const command = stage.start(['watch', threadId, runId, '--json', ...retrying])
    await command.said('it failed: ModelError: attempt 1 failed')
    const later = await stage.langGraph.ended('work', { symbol: 'MSFT' }, { threadId })
    await stage.runToEnd(['wake', threadId, runId])
    const { code, stdout, stderr } = await command.ended
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toHaveProperty(
      'error',
      `ModelError: attempt 1 failed; it was not continued: run ${later.runId} came after it on its thread`,
    )
    expect(stderr).toContain(`To watch that one: langgraph-runs watch ${threadId} ${later.runId}\n`)
    expect(stderr).not.toContain('to continue it')
  })

  test('is not continued by `watch` if its error is one of those that are not to be retried', async () => {
    const { threadId, runId } = await stage.langGraph.ended('recovering', input)
    const only = ['--retry-attempts', '5', '--retry-non-retryable-errors', 'KeyError,ModelError']
    const { code, stdout } = await stage.runToEnd(['watch', threadId, runId, ...only, '--json'])
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({ error: 'ModelError: attempt 1 failed', runs: [{ run_id: runId }] })
    expect(await stage.langGraph.runsOf(threadId)).toEqual([runId])
  })
})

test('an id that nobody has used has nothing to be continued', async () => {
  const { code, stderr } = await stage.runToEnd(['retry', '--id', `test/${randomUUID()}`])
  expect(code).toBe(3)
  expect(stderr).toContain('error: ')
})
