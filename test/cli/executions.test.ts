import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { CliProcess } from './cli-process.ts'
import type { Environment } from './cli-process.ts'
import { startWorker } from './worker.ts'

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }

const taskQueue = randomUUID()
const langGraph = new LangGraphRuns(inject('langGraphUrl'))
const cleanUps: (() => Promise<unknown>)[] = []
let client: Client
let runs: BackgroundRuns
let folder: string

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  })
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) })
  runs = new BackgroundRuns(client, { taskQueue })
  folder = await mkdtemp(join(tmpdir(), 'cli-test-'))
  const endless = await ScriptedLangGraph.start()
  endless.on('run', json({ status: 'running', updated_at: '2026-01-01T00:00:00Z' }))
  const stopWorker = await startWorker(taskQueue, [
    { name: 'endless', url: endless.url },
    { name: 'named', url: inject('langGraphUrl') },
    { name: 'away', url: 'http://127.0.0.1:1' },
  ])
  cleanUps.push(
    stopWorker,
    () => endless.stop(),
    () => rm(folder, { recursive: true }),
  )
})

afterAll(async () => {
  await CliProcess.killAll()
  for (const cleanUp of cleanUps) await cleanUp()
  await client.connection.close()
})

const start = (args: readonly string[], env: Environment = {}) =>
  CliProcess.start(args, { TEMPORAL_TASK_QUEUE: taskQueue, ...env })
const runToEnd = (args: readonly string[], env?: Environment) => start(args, env).ended
const execute = (graph: string, input: object, ...more: readonly string[]) =>
  ['execute', graph, '--input', JSON.stringify(input), '--poll-interval', '1s', '--json'].concat(more)
const noWorker = () => ({ TEMPORAL_TASK_QUEUE: randomUUID() })

/** An execution that waits for a human, and the command that follows it. */
async function asking(graph: string, ...more: readonly string[]): Promise<{ id: string; command: CliProcess }> {
  const id = `test/${randomUUID()}`
  const command = start(execute(graph, aapl, '--id', id, '--on-interrupt', 'wait', ...more))
  await command.said(`To answer: langgraph-runs resume --id ${id}`)
  return { id, command }
}

describe.concurrent('execute', () => {
  test('creates a run under an id of its own, which is the idempotency key, and prints the outcome: 0', async () => {
    const { code, stdout, stderr } = await runToEnd(execute('work', aapl))

    const outcome = JSON.parse(stdout)
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values })
    expect(code).toBe(0)
    const [, id] = /^Execution (execute-run\/[0-9a-f-]{36})$/m.exec(stderr) ?? []
    expect(stderr).toContain(`The id is the idempotency key: the same command with --id ${id} creates no second run\n`)
    expect(await langGraph.status({ threadId: outcome.thread_id, runId: outcome.run_id })).toBe('success')
  })

  test('again under an --id prints the outcome that is there, and needs no worker for it; another request is refused: 64', async () => {
    const id = `test/${randomUUID()}`
    const first = await runToEnd(execute('work', aapl, '--id', id))

    const [again, other] = await Promise.all([
      runToEnd(execute('work', aapl, '--id', id, '--max-poll-time', '1h'), noWorker()),
      runToEnd(execute('work', { symbol: 'MSFT' }, '--id', id, '--thread-id', randomUUID())),
    ])

    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(again.stderr).toContain('It has ended already, and this is its outcome. For another run: another --id\n')
    expect(other).toMatchObject({ code: 64, stdout: '' })
    expect(other.stderr).toContain(
      `error: Workflow "${id}" was started with another request: --input was {"symbol":"AAPL"} and is now {"symbol":"MSFT"}; --thread-id was not given and is now "`,
    )
    expect(other.stderr).toMatch(/Take another --id for another run\n$/)
  })

  test('starts it with all options, from files and stdin too, waits for a worker, and leaves it at work at Ctrl-C: 130', async () => {
    const [id, threadId, env] = [`test/${randomUUID()}`, randomUUID(), noWorker()]
    const file = join(folder, 'config.json')
    await writeFile(file, '\uFEFF{"tags": ["a"]}')
    const options = {
      id,
      'thread-id': threadId,
      deployment: 'research',
      input: '-',
      config: `@${file}`,
      context: '"text"',
      metadata: '{"order": 4711}',
      'interrupt-before': 'a, b',
      'interrupt-after': '*',
      durability: 'sync',
      'multitask-strategy': 'enqueue',
      'after-seconds': '2',
      webhook: '/done',
      'poll-interval': '3s',
      'on-cancel': 'leave',
      'on-poll-timeout': 'cancel_run',
      'on-interrupt': 'wait',
      'human-timeout': '2d',
    }
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
    const command = start(['execute', 'trading', '--stream-resumable', ...args], env)
    command.endInput('{"symbol": "AAPL"}')
    await command.said(`Execution ${id}`)

    command.signal('SIGINT')

    const { code, stdout, stderr } = await command.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain(`No worker polls the task queue "${env.TEMPORAL_TASK_QUEUE}": start one (`)
    expect(stderr).toContain(`\nStopped looking. The execution goes on: ${id}\n`)
    expect(stderr).toContain(`To attach again: the same command with --id ${id}, or langgraph-runs watch --id ${id}\n`)
    const [started] = (await client.workflow.getHandle(id).fetchHistory()).events ?? []
    const [input] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
    expect(JSON.parse(Buffer.from(input?.data ?? []).toString())).toEqual({
      assistantId: 'trading',
      threadId,
      deployment: 'research',
      input: aapl,
      config: { tags: ['a'] },
      context: 'text',
      metadata: { order: 4711 },
      interruptBefore: ['a', 'b'],
      interruptAfter: '*',
      durability: 'sync',
      streamResumable: true,
      multitaskStrategy: 'enqueue',
      afterSeconds: 2,
      webhook: '/done',
      pollInterval: '3s',
      onCancel: 'leave',
      onPollTimeout: 'cancel_run',
      onInterrupt: 'wait',
      humanTimeout: '2d',
    })
  })

  test('attaches to one that is open, and says which run it is', async () => {
    const id = `test/${randomUUID()}`
    const first = start(execute('work', { ...aapl, seconds: 8 }, '--id', id))
    await first.said('Run ')

    const second = await runToEnd(execute('work', { seconds: 8, ...aapl }, '--id', id))

    const { run_id, thread_id } = JSON.parse(second.stdout)
    expect(await first.ended).toMatchObject({ code: 0, stdout: second.stdout })
    expect(second.stderr).toMatch(/^Attached: it is open since 20\S+, and its own options hold$/m)
    expect(second.stderr).toContain(`\nRun ${run_id} of thread ${thread_id}\n`)
  })

  test('cancelled in Temporal cancels its run too, and status says so: 3', async () => {
    const id = `test/${randomUUID()}`
    const command = start(execute('work', { ...aapl, seconds: 60 }, '--id', id))
    await command.said('Run ')
    await client.workflow.getHandle(id).cancel()

    const ended = await command.ended
    const status = await runToEnd(['status', '--id', id], noWorker())

    const error = /^error: The workflow was cancelled, and its run [0-9a-f-]{36} with it$/m
    for (const one of [ended, status])
      expect(one).toMatchObject({ code: 3, stdout: '', stderr: expect.stringMatching(error) })
  })

  test('a graph that is not there is an outcome, and its id is used up: 3; so it is for an unknown deployment: 64', async () => {
    const { code, stdout, stderr } = await runToEnd(execute('no_such_graph', aapl))
    const elsewhere = await runToEnd(execute('work', aapl, '--deployment', 'reserch'))

    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      status: 'polling_error',
      error: expect.stringContaining('no_such_graph'),
    })
    expect(elsewhere).toMatchObject({ code: 64, stdout: '' })
    expect(elsewhere.stderr).toContain('error: Deployment "reserch" is not configured on this worker')
    const usedUp = '\nNo run was created under this id, and it is used up: mend that, then take another --id\n'
    for (const said of [stderr, elsewhere.stderr]) expect(said.endsWith(usedUp)).toBe(true)
  })

  test('that timed out says how to go on with its run, or that there may be none: 4', async () => {
    const id = `test/${randomUUID()}`
    const [late, without] = await Promise.all([
      runToEnd(execute('work', { ...aapl, seconds: 20 }, '--id', id, '--deployment', 'named', '--max-poll-time', '3s')),
      runToEnd(execute('work', aapl, '--deployment', 'away', '--max-poll-time', '1s')),
    ])
    const again = await runToEnd(['watch', '--id', id, '--json'], noWorker())

    const { thread_id, run_id } = JSON.parse(late.stdout)
    const toGoOn = `It had not ended by then, as far as known. To go on: langgraph-runs watch ${thread_id} ${run_id} --deployment named\n`
    expect(late).toMatchObject({ code: 4, stderr: expect.stringContaining(toGoOn) })
    expect(again).toEqual({
      code: 4,
      stdout: late.stdout,
      stderr: `Execution ${id}\nIt has ended already, and this is its outcome\n${toGoOn}`,
    })
    expect(JSON.parse(without.stdout)).not.toHaveProperty('run_id')
    expect(without).toMatchObject({ code: 4 })
    expect(without.stderr).toMatch(
      /\nNo run is known to have been created: mend what `error` says, then take another --id\n$/,
    )
  })

  test('that is open on another task queue says which, and what to do', async () => {
    const [id, queue] = [`test/it's ${randomUUID()}`, noWorker()]
    const command = start(execute('work', aapl, '--id', id), queue)
    await command.said('Execution ')
    command.signal('SIGINT')
    await command.ended

    const again = await runToEnd(execute('work', aapl, '--id', id, '--require-worker'))
    await client.workflow.getHandle(id).terminate()

    const inShell = `'${id.replace("'", `'\\''`)}'`
    expect(command.stderr).toContain(
      `To attach again: the same command with --id ${inShell}, or langgraph-runs watch --id`,
    )
    expect(again).toEqual({
      code: 69,
      stdout: '',
      stderr: `error: The open execution of this id is on the task queue "${queue.TEMPORAL_TASK_QUEUE}" (yours is "${taskQueue}"): start a worker there, or end it (\`temporal workflow terminate --workflow-id ${inShell}\`) and take another --id\n`,
    })
  })
})

describe.concurrent('cancel', () => {
  const waits = 'Cancelling. This waits until the run has stopped: up to a minute\n'

  test('stops a run that nobody watches: 0, and the watch has the outcome', async () => {
    const run = await langGraph.create('work', { ...aapl, seconds: 60 })
    const ids = [run.threadId, run.runId]
    await langGraph.untilAtWork(run)

    const cancelled = await runToEnd(['cancel', ...ids, '--json'])

    expect(cancelled).toMatchObject({ code: 0, stderr: waits })
    expect(JSON.parse(cancelled.stdout)).toMatchObject({
      result: 'cancelled',
      run_id: run.runId,
      thread_id: run.threadId,
    })
    expect(await langGraph.status(run)).toBe('interrupted')
  })

  test('stops the run of an execution, whose command ends with its outcome: 5', async () => {
    const id = `test/${randomUUID()}`
    const command = start(execute('work', { ...aapl, seconds: 60 }, '--id', id))
    await command.said('Run ')

    const cancelled = await runToEnd(['cancel', '--id', id, '--action', 'interrupt'])

    expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringMatching(/^result: cancelled\nrun_id: /) })
    expect(await command.ended).toMatchObject({ code: 5 })
    const afterwards = await runToEnd(['cancel', '--id', id])
    expect(afterwards).toMatchObject({ code: 3, stdout: '' })
    const { run_id, thread_id } = JSON.parse((await command.ended).stdout)
    expect(afterwards.stderr).toBe(
      `error: The watch has ended, and its run is not waited for any more: langgraph-runs status --id ${id}\nTo cancel the run nevertheless: langgraph-runs cancel ${thread_id} ${run_id}\n`,
    )
  })

  test('says so where it had ended: 0, and where the run or the id is unknown: 3', async () => {
    const ended = await langGraph.ended('work', aapl)

    const [hadEnded, unknownRun, unknownId] = await Promise.all([
      runToEnd(['cancel', ended.threadId, ended.runId]),
      runToEnd(['cancel', randomUUID(), randomUUID()]),
      runToEnd(['cancel', '--id', 'watch-run/nowhere']),
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

    const { code, stdout, stderr } = await runToEnd(['cancel', ...ids])

    expect(code).toBe(3)
    expect(stdout).toMatch(/^result: cancel_unconfirmed\n/)
    expect(stderr).toBe(`${waits}The run may still be at work: the same command tries again\n`)
    // The server is asked for 30 s.
  }, 100_000)

  test('on a worker without the deployment: 64; without a worker: 69', async () => {
    const ids = [randomUUID(), randomUUID()]

    const [noDeployment, without] = await Promise.all([
      runToEnd(['cancel', ...ids, '--deployment', 'reserch']),
      runToEnd(['cancel', ...ids], noWorker()),
    ])

    expect(noDeployment).toMatchObject({ code: 64, stdout: '' })
    expect(noDeployment.stderr).toContain('Deployment "reserch" is not configured on this worker')
    expect(without).toMatchObject({ code: 69, stdout: '' })
    expect(without.stderr).toContain('error: No worker polls the task queue')
  })
})

// Each starts several commands, one after the other, beside the others.
describe.concurrent('resume', { timeout: 120_000 }, () => {
  test('answers the question, which execute, status and list show; the run goes on to its result', async () => {
    const { id, command } = await asking('human')
    const [status, listed, list] = await Promise.all([
      runToEnd(['status', '--id', id]),
      runToEnd(['list', '--limit', '1000', '--json']),
      runToEnd(['list', '--limit', '1000']),
    ])

    const follower = start(['watch', '--id', id, '--json'])
    await follower.said('Attached')
    const resumed = await runToEnd(['resume', '--id', id, '--value', '{"approved": true}', '--json'])

    const question = /The run waits for a human, until 20\S+\. It asks:\n {2}\{"question":"buy AAPL\?"\}/
    expect(command.stderr).toMatch(question)
    expect(status).toMatchObject({ code: 0, stdout: expect.stringMatching(/^phase: interrupted\n/) })
    expect(status.stderr).toContain(`It waits for a human. To answer: langgraph-runs resume --id ${id}\n`)
    const found: { id: string }[] = JSON.parse(listed.stdout)
    expect(found.find((one) => one.id === id)).toMatchObject({
      type: 'executeRun',
      state: 'RUNNING',
      phase: 'interrupted',
      waits_for_human: true,
      run_id: expect.any(String),
    })
    expect(list.stdout).toMatch(new RegExp(`^RUNNING {5}WAITS FOR A HUMAN .* open for .* ${id} {2}run `, 'm'))
    expect(list.stderr).toMatch(/\d+ waits? for a human\. To answer: langgraph-runs resume --id ID\n$/)
    expect(resumed.code).toBe(0)
    expect(resumed.stderr).toMatch(question)
    const receipt = JSON.parse(resumed.stdout)
    expect(receipt).toMatchObject({ open_interrupts: 0, run_id: expect.any(String) })
    expect(resumed.stderr).toContain(
      `The run goes on as ${receipt.run_id}. To follow it: langgraph-runs watch --id ${id}\n`,
    )
    const { code, stdout, stderr } = await command.ended
    expect(code).toBe(0)
    expect(stderr).toContain(`\nRun ${receipt.run_id} of thread ${receipt.thread_id}\n`)
    expect(JSON.parse(stdout)).toMatchObject({ run_id: receipt.run_id, result: { answer: { approved: true } } })
    expect(await follower.ended).toMatchObject({ code: 0, stdout })
    expect(follower.stderr).toContain(`Execution ${id}\n`)
  })

  test('answers one question after the other by its id, and says which are open: 3', async () => {
    const { id, command } = await asking('two_humans')
    const { interrupts = [] } = await runs.progress({ workflowId: id })
    const [first, second] = interrupts.map((interrupt) => ['--interrupt-id', interrupt.id ?? ''])

    const unclear = await runToEnd(['resume', '--id', id, '--value', '1'])
    const one = await runToEnd(['resume', '--id', id, '--value', '1', ...(first ?? [])])
    const twice = await runToEnd(['resume', '--id', id, '--value', '3', ...(first ?? [])])
    const other = await runToEnd(['resume', '--id', id, '--value', '2', ...(second ?? [])])

    expect(unclear).toMatchObject({ code: 3, stdout: '' })
    expect(unclear.stderr).toContain('error: 2 questions are open: say in --interrupt-id which one, of "')
    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining('open_interrupts: 1\n') })
    expect(one.stderr).toContain(
      'Taken. The run goes on when the other question is answered too: langgraph-runs resume',
    )
    expect(twice).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('has been answered already') })
    expect(other).toMatchObject({ code: 0, stdout: expect.stringContaining('open_interrupts: 0\n') })
    expect(await command.ended).toMatchObject({ code: 0 })
  })

  test('lets a run go on from a breakpoint when that is said, and takes no answer there', async () => {
    const { id, command } = await asking('work', '--interrupt-before', 'work')

    const silent = await runToEnd(['resume', '--id', id])
    const answered = await runToEnd(['resume', '--id', id, '--value', '1', '--yes'])
    const resumed = await runToEnd(['resume', '--id', id, '--yes'])

    expect(silent).toMatchObject({ code: 64, stdout: '' })
    expect(silent.stderr).toContain('The run stopped at a breakpoint before work, and asks nothing')
    expect(silent.stderr).toContain(
      'error: Nobody is here to ask, since this is no terminal: to let it go on, add --yes',
    )
    expect(answered).toMatchObject({ code: 3, stdout: '' })
    expect(answered.stderr).toContain('asks nothing: resume it without --value and --interrupt-id')
    expect(resumed.code).toBe(0)
    expect(await command.ended).toMatchObject({ code: 0 })
  })

  test('on a terminal asks for the answer, and whether to send it', async () => {
    const { id, command } = await asking('human')
    const dialog = () => CliProcess.onTerminal(['resume', '--id', id], { TEMPORAL_TASK_QUEUE: taskQueue })
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

  test('says what to do where no terminal is: 64', async () => {
    const { id } = await asking('human')

    const ended = await runToEnd(['resume', '--id', id])

    expect(ended).toMatchObject({ code: 64, stdout: '' })
    expect(ended.stderr).toContain(
      'error: Nobody is here to ask, since this is no terminal: give the answer, such as --',
    )
  })

  test('says where nobody is asked: 3', async () => {
    const endless = { threadId: randomUUID(), runId: randomUUID(), deployment: 'endless' }
    const human = await langGraph.ended('human', aapl)
    await runs.startWatch(endless)
    await runs.watch(human)

    const [working, ended, unwatched, unknown] = await Promise.all([
      runToEnd(['resume', endless.threadId, endless.runId, '--deployment', 'endless']),
      runToEnd(['resume', human.threadId, human.runId]),
      runToEnd(['resume', randomUUID(), randomUUID()]),
      runToEnd(['resume', '--id', 'order/nowhere']),
    ])

    for (const one of [working, ended, unwatched, unknown]) expect(one).toMatchObject({ code: 3, stdout: '' })
    expect(working.stderr).toMatch(
      /^error: No answer is waited for: the phase is (waiting|polling)\. langgraph-runs status/,
    )
    const ids = `${human.threadId} ${human.runId}`
    expect(ended.stderr).toBe(
      `error: It has ended, so no answer is waited for: langgraph-runs status ${ids} shows how. To wait for the human that its run asks: langgraph-runs watch ${ids} --on-interrupt wait\n`,
    )
    expect(unwatched.stderr).toContain('error: No watch of this run is open, so no answer is waited for. To answer it:')
    expect(unknown.stderr).toContain('error: Temporal has no workflow "order/nowhere"')
  })

  test('list shows it however many without a worker are newer, and says that those may wait too', async () => {
    const { id } = await asking('human')
    const [never, gone] = [noWorker(), noWorker()]
    const stopWorker = await startWorker(gone.TEMPORAL_TASK_QUEUE)
    // Temporal knows a worker from its first poll on.
    await new BackgroundRuns(client, { taskQueue: gone.TEMPORAL_TASK_QUEUE }).readStatus(
      await langGraph.ended('work', aapl),
    )
    await stopWorker()
    const started = await Promise.all(
      [never, gone].flatMap(({ TEMPORAL_TASK_QUEUE: queue }) =>
        Array.from({ length: 30 }, () =>
          new BackgroundRuns(client, { taskQueue: queue }).startWatch({ threadId: randomUUID(), runId: randomUUID() }),
        ),
      ),
    )

    const { stdout, stderr } = await runToEnd(['list', '--limit', '1000', '--json'])
    await Promise.all(started.map((handle) => handle.terminate()))

    const found: { id: string; no_answer?: true }[] = JSON.parse(stdout)
    expect(found.find((one) => one.id === id)).toMatchObject({ waits_for_human: true })
    const ids = started.map(({ workflowId }) => workflowId)
    expect(found.filter((one) => one.no_answer && ids.includes(one.id))).toHaveLength(60)
    expect(stderr).toMatch(/^\d+ gave no answer in time, so more may wait for a human: /)
    expect(stderr).toContain(`no worker polls the task queue "${never.TEMPORAL_TASK_QUEUE}"`)
    expect(stderr).toContain('a worker took more than 1.5 s for one, or 4 s for all')
  })

  test('without a worker: 69, and list leaves the phase out', async () => {
    const run = { threadId: randomUUID(), runId: randomUUID() }
    const queue = noWorker()
    const { workflowId } = await new BackgroundRuns(client, { taskQueue: queue.TEMPORAL_TASK_QUEUE }).startWatch(run)

    const ended = await runToEnd(['resume', run.threadId, run.runId, '--value', '1'], queue)
    const listed = await runToEnd(['list', '--limit', '1000', '--json'])

    expect(ended).toMatchObject({ code: 69, stdout: '' })
    expect(ended.stderr).toContain(
      'error: The watch is open, but no worker answers for it. It goes on when one is there',
    )
    const found: { id: string }[] = JSON.parse(listed.stdout)
    expect(found.find(({ id }) => id === workflowId)).toEqual({
      id: workflowId,
      type: 'watchRun',
      state: 'RUNNING',
      started: expect.stringMatching(/^20/),
      deployment: 'default',
      thread_id: run.threadId,
      run_id: run.runId,
      no_answer: true,
    })
    await client.workflow.getHandle(workflowId).terminate()
  })
})
