import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest'
import { EndedWatches } from '../../src/cli/several/ended.ts'
import { connect } from '../../src/cli/temporal.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import type { Ids } from '../support/langgraph.ts'
import { runHere } from './here.ts'
import { CliStage, named, noWorker, unknownRun } from './stage.ts'

const aapl = { symbol: 'AAPL' }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open()
})
afterAll(() => stage.close())

interface Outcome {
  readonly workflow_id: string
  readonly run_id: string
}

const asLine = (run: Ids) => named(run).join(' ')

function watchAll(runs: readonly string[], ...options: readonly string[]) {
  return runHere(['watch', '-', ...options], { env: { TEMPORAL_TASK_QUEUE: stage.taskQueue }, stdin: runs.join('\n') })
}

test('watch - prints the outcome of each run as it ends, and ends with the code of the worst', async () => {
  const slow = await stage.langGraph.create('work', { ...aapl, seconds: 3 })
  const [work, fail, human] = await Promise.all([
    stage.langGraph.ended('work', aapl),
    stage.langGraph.ended('fail', aapl),
    stage.langGraph.ended('human', aapl),
  ])
  const lines = [
    `${asLine(slow)}  # takes a while`,
    '',
    '# these have ended',
    asLine(work),
    asLine(fail),
    asLine(human),
  ]

  const { code, stdout, stderr } = await watchAll([...lines, asLine(work)], '--json', '--poll-interval', '1s')

  const outcomes = stdout
    .trim()
    .split('\n')
    .map((line): Outcome => JSON.parse(line))
  expect(code).toBe(3)
  expect(outcomes.map(({ workflow_id }) => workflow_id).toSorted()).toEqual(
    [slow, work, fail, human].map((run) => watchWorkflowId(run)).toSorted(),
  )
  expect(outcomes.at(-1)).toMatchObject({ workflow_id: watchWorkflowId(slow), exit_code: 0, status: 'success' })
  const of = (run: Ids) => outcomes.find(({ run_id }) => run_id === run.runId)
  expect(of(work)).toMatchObject({ exit_code: 0, result: { final: 'done AAPL' } })
  expect(of(fail)).toMatchObject({ exit_code: 3, error: 'ValueError: boom for AAPL' })
  expect(of(human)).toMatchObject({ exit_code: 5, polling_result: 'interrupted' })
  expect(stderr).toMatch(/^0 of 4 have ended\n/)
  expect(stderr).toMatch(/\n4 of 4 have ended: [^\n]*1 error[^\n]*\n$/)
})

test('watch - waits for more runs than it polls for at once, and prints a line for each', async () => {
  // A run that does not exist ends at once, too.
  const runs = Array.from({ length: 60 }, unknownRun)

  const { code, stdout, stderr } = await watchAll(runs.map(asLine))

  expect(code).toBe(3)
  const lines = stdout.trim().split('\n')
  expect(lines.map((line) => line.split('  ')[1] ?? '').toSorted()).toEqual(runs.map(asLine).toSorted())
  expect(lines.every((line) => /^polling_error {2}\S+ \S+ {2}status of run \S+ from /.test(line))).toBe(true)
  expect(stderr).toMatch(/\n60 of 60 have ended: 60 polling_error\n$/)
})

test('watch - says why a watch has no outcome', async () => {
  const run = unknownRun()
  const deployment = 'endless'
  const all = watchAll([asLine(run)], '--deployment', deployment, '--json')
  const handle = stage.client.workflow.getHandle(watchWorkflowId({ ...run, deployment }))
  await expect.poll(() => handle.describe().then(() => 'open'), { timeout: 30_000 }).toBe('open')

  await handle.terminate('not needed')

  const { code, stdout } = await all
  expect(code).toBe(3)
  expect(JSON.parse(stdout)).toEqual({
    workflow_id: handle.workflowId,
    exit_code: 3,
    error: expect.stringMatching(/^The workflow was terminated \(not needed\)/),
  })
})

test('watch - detaches from all that are open at Ctrl-C, and prints their ids: 130', async () => {
  const runs = [unknownRun(), unknownRun(), unknownRun()]
  const command = stage.start(['watch', '-', '--deployment', 'endless'])
  command.endInput(runs.map(asLine).join('\r\n'))
  await command.said('0 of 3 have ended')
  const [first, ...others] = runs.map((run) => watchWorkflowId({ ...run, deployment: 'endless' }))
  await stage.client.workflow.getHandle(first ?? '').terminate()
  await command.said(/^failed {2}/m)

  command.signal('SIGINT')

  const { code, stderr } = await command.ended
  expect(code).toBe(130)
  expect(stderr).toContain('Detached. 2 watches are still running:\n')
  expect(
    stderr
      .split('\n')
      .filter((line) => line.startsWith('watch-run/'))
      .toSorted(),
  ).toEqual(others.toSorted())
  for (const id of others) {
    const handle = stage.client.workflow.getHandle(id)
    expect((await handle.describe()).status.name).toBe('RUNNING')
    await handle.terminate()
  }
})

test('watch - --detach starts all, and prints their ids; without a worker --require-worker starts none: 69', async () => {
  const runs = [unknownRun(), unknownRun()]

  const { code, stdout } = await watchAll(runs.map(asLine), '--detach')
  const none = await runHere(['watch', '-', '--require-worker'], { env: noWorker(), stdin: asLine(unknownRun()) })

  expect(code).toBe(0)
  expect(stdout.trim().split('\n').toSorted()).toEqual(runs.map((run) => watchWorkflowId(run)).toSorted())
  expect(none).toMatchObject({
    code: 69,
    stdout: '',
    stderr: expect.stringContaining('No worker polls the task queue'),
  })
})

test('those that have ended are told by visibility, each once', async () => {
  const temporal = await connect({ TEMPORAL_ADDRESS: inject('temporalAddress') })
  const ended = new EndedWatches(temporal)
  const run = await stage.langGraph.ended('work', aapl)
  await stage.runs.watch(run)

  const told: string[] = []
  await vi.waitFor(
    async () => {
      told.push(...(await ended.next()))
      expect(told).toContain(watchWorkflowId(run))
    },
    { timeout: 30_000, interval: 100 },
  )
  told.push(...(await ended.next()))

  expect(told.filter((id) => id === watchWorkflowId(run))).toHaveLength(1)
  await temporal.client.connection.close()
})
