import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import type { CliProcess } from './cli-process.ts'
import { CliStage, execute, noWorker } from './stage.ts'
import { HandMadeWatches } from './hand-made-watches.ts'
import { runHere } from './here.ts'

const aapl = { symbol: 'AAPL' }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open()
})
afterAll(() => stage.close())

/** An execution that waits for a human, and the command that follows it. */
async function asking(graph: string, ...more: readonly string[]): Promise<{ id: string; command: CliProcess }> {
  const id = `test/${randomUUID()}`
  const command = stage.start(execute(graph, aapl, '--id', id, '--on-interrupt', 'wait', ...more))
  await command.said(`To answer: langgraph-runs resume --id ${id}`)
  return { id, command }
}

// Each starts several commands, one after the other, beside the others.
describe.concurrent('resume', { timeout: 120_000 }, () => {
  test('answers the question, which execute, status and list show; the run continues to its result', async () => {
    const { id, command } = await asking('human')
    const [status, listed, list] = await Promise.all([
      stage.runToEnd(['status', '--id', id]),
      stage.runToEnd(['list', '--waiting', '--limit', '10000', '--json']),
      stage.runToEnd(['list', '--waiting', '--limit', '10000']),
    ])

    const follower = stage.start(['watch', '--id', id, '--json'])
    await follower.said('Attached')
    const resumed = await stage.runToEnd(['resume', '--id', id, '--value', '{"approved": true}', '--json'])

    const question =
      /The run waits for a human, until 20\S+\. It asks:\n {2}│ question: buy AAPL\?\n {2}\(node ask, --interrupt-id \w+\)\n/
    expect(command.stderr).toMatch(question)
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^phase: interrupted\n/) })
    expect(status.stdout).toMatch(/\nquestion:\n {2}│ question: buy AAPL\?\n {2}\(node ask, --interrupt-id \w+\)\n/)
    expect(status.stdout).not.toContain('interrupts:')
    expect(status.stderr).toContain(`It waits for a human. To answer: langgraph-runs resume --id ${id}\n`)
    const found: { id: string }[] = JSON.parse(listed.stdout)
    expect(found.find((one) => one.id === id)).toMatchObject({
      type: 'executeRun',
      state: 'human',
      assistant: 'human',
      question: expect.stringContaining('buy AAPL?'),
      run_id: expect.any(String),
    })
    expect(list.stdout).toMatch(new RegExp(`^${id} +human +\\d+ s .*buy AAPL\\?`, 'm'))
    expect(resumed.code).toBe(0)
    expect(resumed.stderr).toMatch(question)
    const receipt = JSON.parse(resumed.stdout)
    expect(receipt).toMatchObject({ open_interrupts: 0, run_id: expect.any(String) })
    expect(resumed.stderr).toContain(
      `The run continues as ${receipt.run_id}. To follow it: langgraph-runs watch --id ${id}\n`,
    )
    const { code, stdout, stderr } = await command.ended
    expect(code).toBe(0)
    expect(stderr).toContain(`\nRun ${receipt.run_id} of thread ${receipt.thread_id}\n`)
    expect(JSON.parse(stdout)).toMatchObject({ run_id: receipt.run_id, result: { answer: { approved: true } } })
    expect(await follower.ended).toMatchObject({ code: 0, stdout })
    expect(follower.stderr).toContain(`Execution ${id}\n`)
  })

  test('answers one question after the other by its id, and names the open ones: 3', async () => {
    const { id, command } = await asking('two_humans')
    const { interrupts = [] } = await stage.runs.progress({ workflowId: id })
    const [first, second] = interrupts.map((interrupt) => ['--interrupt-id', interrupt.id ?? ''])

    const unclear = await stage.runToEnd(['resume', '--id', id, '--value', '1'])
    const one = await stage.runToEnd(['resume', '--id', id, '--value', '1', ...(first ?? [])])
    const twice = await stage.runToEnd(['resume', '--id', id, '--value', '3', ...(first ?? [])])
    const other = await stage.runToEnd(['resume', '--id', id, '--value', '2', ...(second ?? [])])

    expect(unclear).toMatchObject({ code: 3, stdout: '' })
    expect(unclear.stderr).toContain('error: 2 questions are open; set --interrupt-id to one of "')
    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining('open_interrupts: 1\n') })
    expect(one.stderr).toContain(
      'Taken. The run continues once the other question is answered too: langgraph-runs resume',
    )
    expect(twice).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('has been answered already') })
    expect(other).toMatchObject({ code: 0, stdout: expect.stringContaining('open_interrupts: 0\n') })
    expect(await command.ended).toMatchObject({ code: 0 })
  })

  test('continues a run from a breakpoint only with --yes, and takes no answer there', async () => {
    const { id, command } = await asking('work', '--interrupt-before', 'work')

    const silent = await stage.runToEnd(['resume', '--id', id])
    const answered = await stage.runToEnd(['resume', '--id', id, '--value', '1', '--yes'])
    const resumed = await stage.runToEnd(['resume', '--id', id, '--yes'])

    expect(silent).toMatchObject({ code: 64, stdout: '' })
    expect(silent.stderr).toContain('The run stopped at a breakpoint before work, and asks nothing')
    expect(silent.stderr).toContain('error: stdin is not a terminal, so add --yes to continue the run')
    expect(answered).toMatchObject({ code: 3, stdout: '' })
    expect(answered.stderr).toContain('error: A run at a breakpoint asks nothing: leave out --value and --interrupt-id')
    expect(resumed.code).toBe(0)
    expect(await command.ended).toMatchObject({ code: 0 })
  })

  test('on a terminal asks for the answer, and confirms it', async () => {
    const { id, command } = await asking('human')
    const dialog = () => stage.onTerminal(['resume', '--id', id])
    const [stopped, unsure, sure] = [dialog(), dialog(), dialog()]

    for (const one of [stopped, unsure, sure]) await one.said('anything else is taken as a text): ')
    stopped.type('\u{3}')
    unsure.type('yes\r')
    await unsure.said('Send "yes"? [y/N]')
    unsure.type('\r')
    const notSent = await Promise.all([stopped.ended, unsure.ended])
    sure.type('{"approved":\u{7f}: 7}\r')
    await sure.said('Send {"approved":7}? [y/N]')
    sure.type('y\r')

    expect(notSent.map(({ code }) => code)).toEqual([130, 64])
    expect(stopped.stdout).toMatch(/as a text\): [^\n]*\r\nStopped: nothing was sent\r\n$/)
    expect(unsure.stdout).toContain('error: Nothing was sent\r\n')
    expect(await sure.ended).toMatchObject({ code: 0, stdout: expect.stringContaining('open_interrupts: 0\r\n') })
    expect(JSON.parse((await command.ended).stdout)).toMatchObject({ result: { answer: { approved: 7 } } })
  })

  test('without a terminal names the option for the answer: 64', async () => {
    const { id } = await asking('human')

    const ended = await stage.runToEnd(['resume', '--id', id])

    expect(ended).toMatchObject({ code: 64, stdout: '' })
    expect(ended.stderr).toContain('error: stdin is not a terminal, so pass the answer, for example --value ')
  })

  test('refuses if nothing waits for an answer: 3', async () => {
    const endless = { threadId: randomUUID(), runId: randomUUID(), deployment: 'endless' }
    const human = await stage.langGraph.ended('human', aapl)
    await stage.runs.startWatch(endless)
    await stage.runs.watch(human)

    const [working, ended, unwatched, unknown] = await Promise.all([
      stage.runToEnd(['resume', endless.threadId, endless.runId, '--deployment', 'endless']),
      stage.runToEnd(['resume', human.threadId, human.runId]),
      stage.runToEnd(['resume', randomUUID(), randomUUID()]),
      stage.runToEnd(['resume', '--id', 'order/nowhere']),
    ])

    for (const one of [working, ended, unwatched, unknown]) expect(one).toMatchObject({ code: 3, stdout: '' })
    expect(working.stderr).toMatch(
      /^error: It does not wait for an answer: its phase is (waiting|polling)\. langgraph-runs status/,
    )
    const ids = `${human.threadId} ${human.runId}`
    expect(ended.stderr).toBe(
      `error: It has ended, so it takes no answer: langgraph-runs status ${ids} shows how. To answer its run, start langgraph-runs watch ${ids} --on-interrupt wait\n`,
    )
    expect(unwatched.stderr).toContain(
      'error: This run has no open watch, so nothing waits for an answer. To answer it, start',
    )
    expect(unknown.stderr).toContain('error: Temporal has no workflow "order/nowhere"')
  })

  test('without a worker shows the question that was asked, and that a worker is needed: 69', async () => {
    const watches = await HandMadeWatches.open(false)
    const id = await watches.start({ id: 'order/4711', state: 'human', question: 'BUY AAPL?\n\u{1b}[31m' })
    const env = { TEMPORAL_NAMESPACE: watches.namespace, TEMPORAL_TASK_QUEUE: 'nobody' }

    const resumed = await runHere(['resume', '--id', id, '--value', 'yes'], { env })
    const status = await runHere(['status', '--id', id], { env })

    await watches.close()
    expect(resumed).toMatchObject({ code: 69, stdout: '' })
    expect(resumed.stderr).toMatch(
      /^The run waits for a human, since 20\S+\. It asks:\n {2}│ BUY AAPL\?\n {2}│ \\u001b\[31m\nerror: A worker is needed to send the answer, and none responds\. /,
    )
    expect(resumed.stderr).toContain(
      'It continues once one is running: start one (`TEMPORAL_TASK_QUEUE=nobody langgraph-runs worker`',
    )
    expect(status).toMatchObject({
      code: 69,
      stdout: expect.stringMatching(/^state: human\n[^]*question:\n {2}BUY AAPL\?\n/),
    })
    expect(status.stderr).toContain(
      'It waits for a human. To answer: langgraph-runs resume --id order/4711, which needs the worker\n',
    )
  })

  test('without a worker that could tell what is asked: 69', async () => {
    const run = { threadId: randomUUID(), runId: randomUUID() }
    const queue = noWorker()
    const { workflowId } = await new BackgroundRuns(stage.client, { taskQueue: queue.TEMPORAL_TASK_QUEUE }).startWatch(
      run,
    )

    const ended = await stage.runToEnd(['resume', run.threadId, run.runId, '--value', '1'], queue)

    await stage.client.workflow.getHandle(workflowId).terminate()
    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toContain(
      'error: The watch is open, but no worker answers for it. It continues once one is running',
    )
  })
})
