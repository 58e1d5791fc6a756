import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { CliStage, execute, noWorker } from './stage.ts'

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }

let stage: CliStage
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cli-test-'))
  stage = await CliStage.open({ named: inject('langGraphUrl'), away: 'http://127.0.0.1:1' })
  stage.atEnd(() => rm(folder, { recursive: true }))
})
afterAll(() => stage.close())

describe.concurrent('execute', () => {
  test('creates a run under a new id, which is the idempotency key, and prints the outcome: 0', async () => {
    const { code, stdout, stderr } = await stage.runToEnd(execute('work', aapl))

    const outcome = JSON.parse(stdout)
    expect(outcome).toMatchObject({ polling_result: 'success_with_results', result: values })
    expect(code).toBe(0)
    const [, id] = /^Execution (execute-run\/[0-9a-f-]{36})$/m.exec(stderr) ?? []
    expect(stderr).toContain(`The id is the idempotency key: the same command with --id ${id} creates no second run\n`)
    expect(await stage.langGraph.status({ threadId: outcome.thread_id, runId: outcome.run_id })).toBe('success')
  })

  test('repeated with an --id prints the earlier outcome without a worker; another request is refused: 64', async () => {
    const id = `test/${randomUUID()}`
    const first = await stage.runToEnd(execute('work', aapl, '--id', id))

    const [again, other] = await Promise.all([
      stage.runToEnd(execute('work', aapl, '--id', id, '--max-poll-time', '1h'), noWorker()),
      stage.runToEnd(execute('work', { symbol: 'MSFT' }, '--id', id, '--thread-id', randomUUID())),
    ])

    expect(again).toMatchObject({ code: 0, stdout: first.stdout })
    expect(again.stderr).toContain('It has ended already; this is its outcome. For another run, choose another --id\n')
    expect(other).toMatchObject({ code: 64, stdout: '' })
    expect(other.stderr).toContain(
      `error: Workflow "${id}" was started with another request: --input was {"symbol":"AAPL"} and is now {"symbol":"MSFT"}; --thread-id was not given and is now "`,
    )
    expect(other.stderr).toMatch(/Take another --id for another run\n$/)
  })

  test('starts with all options, from files and stdin too, waits for a worker, and detaches at Ctrl-C: 130', async () => {
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
    const command = stage.start(['execute', 'trading', '--stream-resumable', ...args], env)
    command.endInput('{"symbol": "AAPL"}')
    await command.said(`Execution ${id}`)

    command.signal('SIGINT')

    const { code, stdout, stderr } = await command.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain(`No worker polls the task queue "${env.TEMPORAL_TASK_QUEUE}": start one (`)
    expect(stderr).toContain(`\nDetached. The execution is still running: ${id}\n`)
    expect(stderr).toContain(`To attach again: the same command with --id ${id}, or langgraph-runs watch --id ${id}\n`)
    const [started] = (await stage.client.workflow.getHandle(id).fetchHistory()).events ?? []
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

  test('attaches to an open one, and names its run', async () => {
    const id = `test/${randomUUID()}`
    const first = stage.start(execute('work', { ...aapl, seconds: 15 }, '--id', id))
    await first.said('Run ')

    const second = await stage.runToEnd(execute('work', { seconds: 15, ...aapl }, '--id', id))

    const { run_id, thread_id } = JSON.parse(second.stdout)
    expect(await first.ended).toMatchObject({ code: 0, stdout: second.stdout })
    expect(second.stderr).toMatch(/^Attached: open since 20\S+; its original options apply$/m)
    expect(second.stderr).toContain(`\nRun ${run_id} of thread ${thread_id}\n`)
  })

  test('cancelled in Temporal also cancels its run, which status shows: 6', async () => {
    const id = `test/${randomUUID()}`
    const command = stage.start(execute('work', { ...aapl, seconds: 60 }, '--id', id))
    await command.said('Run ')
    await stage.client.workflow.getHandle(id).cancel()

    const ended = await command.ended
    const status = await stage.runToEnd(['status', '--id', id], noWorker())

    const error = /^error: The workflow was cancelled, and its run [0-9a-f-]{36} with it$/m
    for (const one of [ended, status])
      expect(one).toMatchObject({ code: 6, stdout: '', stderr: expect.stringMatching(error) })
  })

  test('cancelled in Temporal before its run was created is started again with its id: 6, as the client does it', async () => {
    const id = `test/${randomUUID()}`
    const args = execute('work', aapl, '--id', id, '--deployment', 'away')
    const command = stage.start(args)
    await command.said('no connection')
    await stage.client.workflow.getHandle(id).cancel()

    const ended = await command.ended
    const again = stage.start(args)
    await again.said('The earlier execution with this id created no run, so it is started again\n')
    await again.said('no connection')
    await stage.client.workflow.getHandle(id).terminate()

    expect(ended).toMatchObject({ code: 6, stdout: '' })
    expect(ended.stderr).toContain(
      'error: The workflow was cancelled before it had created a run. To create one: langgraph-runs execute with the same --id\n',
    )
  })

  test('a graph that does not exist is an outcome, and its id may be tried again: 3, then 0', async () => {
    const id = `test/${randomUUID()}`
    const misspelt = await stage.runToEnd(execute('no_such_graph', aapl, '--id', id))
    const again = await stage.runToEnd(execute('work', aapl, '--id', id))

    expect(misspelt.code).toBe(3)
    expect(JSON.parse(misspelt.stdout)).toMatchObject({
      status: 'polling_error',
      error: expect.stringContaining('no_such_graph'),
    })
    const free = '\nNo run was created, so this id is not used up. Fix the problem, then use the same --id\n'
    expect(misspelt.stderr.endsWith(free)).toBe(true)
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('"success_with_results"') })
    expect(again.stderr).toContain('The earlier execution with this id created no run, so it is started again\n')
  })

  test('that failed with its run keeps that run: the command prints its outcome, and the client returns to it', async () => {
    const id = `test/${randomUUID()}`
    const args = execute('fail', aapl, '--id', id, '--on-unsuccessful', 'fail')
    const failed = await stage.runToEnd(args)
    const { runId: workflowRunId } = await stage.client.workflow.getHandle(id).describe()

    const again = await stage.runToEnd(args)

    expect(again).toMatchObject({ code: 3, stdout: failed.stdout })
    expect(await stage.client.workflow.getHandle(id).describe()).toHaveProperty('runId', workflowRunId)
    const outcome = await stage.runs.execute(id, { assistantId: 'fail', input: aapl })
    expect(outcome).toMatchObject({ polling_result: 'error', run_id: JSON.parse(failed.stdout).run_id })
  })

  test('that timed out names the command for its run, or that none may exist: 4', async () => {
    const id = `test/${randomUUID()}`
    const [late, without] = await Promise.all([
      stage.runToEnd(
        execute('work', { ...aapl, seconds: 20 }, '--id', id, '--deployment', 'named', '--max-poll-time', '3s'),
      ),
      stage.runToEnd(execute('work', aapl, '--deployment', 'away', '--max-poll-time', '1s')),
    ])
    const again = await stage.runToEnd(['watch', '--id', id, '--json'], noWorker())

    const { thread_id, run_id } = JSON.parse(late.stdout)
    const toGoOn = `The run had not ended when polling stopped. To keep watching it: langgraph-runs watch ${thread_id} ${run_id} --deployment named\n`
    expect(late).toMatchObject({ code: 4, stderr: expect.stringContaining(toGoOn) })
    expect(again).toEqual({
      code: 4,
      stdout: late.stdout,
      stderr: expect.stringMatching(
        new RegExp(`^Execution ${id}\nWeb UI {4}http\\S+\nIt has ended already; this is its outcome\n${toGoOn}$`),
      ),
    })
    expect(JSON.parse(without.stdout)).not.toHaveProperty('run_id')
    expect(without).toMatchObject({ code: 4 })
    expect(without.stderr).toMatch(
      /\nAs far as known, no run was created. Fix what `error` says, then choose another --id\n$/,
    )
  })

  test('that is open on another task queue names it, and what to do', async () => {
    const [id, queue] = [`test/it's ${randomUUID()}`, noWorker()]
    const command = stage.start(execute('work', aapl, '--id', id), queue)
    await command.said('Execution ')
    command.signal('SIGINT')
    await command.ended

    const again = await stage.runToEnd(execute('work', aapl, '--id', id, '--require-worker'))
    await stage.client.workflow.getHandle(id).terminate()

    const inShell = `'${id.replace("'", `'\\''`)}'`
    expect(command.stderr).toContain(
      `To attach again: the same command with --id ${inShell}, or langgraph-runs watch --id`,
    )
    expect(again).toEqual({
      code: 69,
      stdout: '',
      stderr: `error: The open execution with this id is on the task queue "${queue.TEMPORAL_TASK_QUEUE}" (yours is "${stage.taskQueue}"): start a worker there, or end it (\`temporal workflow terminate --workflow-id ${inShell}\`) and choose another --id\n`,
    })
  })
})
