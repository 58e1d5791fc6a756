import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { Client, Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { BackgroundRuns } from '../../src/client.ts'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import { LangGraphRuns } from '../support/langgraph.ts'
import type { Ids } from '../support/langgraph.ts'
import { hang, json, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import { TcpProxy } from '../support/tcp-proxy.ts'
import { CliProcess } from './cli-process.ts'
import type { Environment } from './cli-process.ts'
import { RefusingTemporal } from './refusing-temporal.ts'
import { startWorker } from './worker.ts'

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
const patience = { timeout: 30_000, interval: 100 }

const taskQueue = randomUUID()
const langGraph = new LangGraphRuns(inject('langGraphUrl'))
const cleanUps: (() => Promise<unknown>)[] = []
/** At SIGUSR2 a process that has this is 75 s later. */
const minuteHand = `data:text/javascript,process.on('SIGUSR2',()=>{const%20now=Date.now;Date.now=()=>now()+75000})`
/** LangGraph servers that answer as a test needs it. */
let scripted: { readonly name: string; readonly url: string }[]
let client: Client
let runs: BackgroundRuns

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' }, forward: {} } },
  })
  client = new Client({ connection: await Connection.connect({ address: inject('temporalAddress') }) })
  runs = new BackgroundRuns(client, { taskQueue })
  const locked = await ScriptedLangGraph.start()
  locked.on('run', text('who are you?', { status: 401 }))
  const endless = await ScriptedLangGraph.start()
  endless.on('run', json({ status: 'running', updated_at: '2026-01-01T00:00:00Z' }))
  const hanging = await ScriptedLangGraph.start()
  hanging
    .on('run', json({ status: 'success' }))
    .on('state', hang)
    .on('history', hang)
    .on('stream', hang)
  const servers = { locked, endless, hanging }
  scripted = Object.entries(servers).map(([name, { url }]) => ({ name, url }))
  const stopWorker = await startWorker(taskQueue, scripted)
  cleanUps.push(stopWorker, ...Object.values(servers).map((server) => () => server.stop()))
})

afterAll(async () => {
  await CliProcess.killAll()
  for (const cleanUp of cleanUps) await cleanUp()
  await client.connection.close()
})

const start = (args: readonly string[], env: Environment = {}) =>
  CliProcess.start(args, { TEMPORAL_TASK_QUEUE: taskQueue, ...env })
const runToEnd = (args: readonly string[], env?: Environment) => start(args, env).ended
const unknownRun = () => ({ threadId: randomUUID(), runId: randomUUID() })
const named = ({ threadId, runId }: Ids) => [threadId, runId]

/** A run whose status stays `running`. */
function endlessRun(): { args: string[]; workflowId: string } {
  const run = { threadId: randomUUID(), runId: randomUUID(), deployment: 'endless' }
  return { args: [run.threadId, run.runId, '--deployment', 'endless'], workflowId: watchWorkflowId(run) }
}

describe.concurrent('watch prints the outcome alone on stdout, and ends with its code', () => {
  test.each<{ code: number; outcome: object; run: () => Promise<Ids>; options?: string[]; advice?: string }>([
    {
      code: 0,
      run: () => langGraph.create('work', { ...aapl, seconds: 1 }),
      options: ['--poll-interval', '1s'],
      outcome: { polling_result: 'success_with_results', status: 'success', result: values },
    },
    {
      code: 2,
      run: () => langGraph.ended('work', aapl),
      options: ['--result-keys', 'absent', '--retrieval-order', 'thread_state'],
      outcome: { polling_result: 'success_no_results', status: 'success' },
    },
    {
      code: 3,
      run: () => langGraph.ended('fail', aapl),
      outcome: { polling_result: 'error', status: 'error', error: 'ValueError: boom for AAPL' },
    },
    {
      code: 3,
      run: () => langGraph.ended('fail', aapl),
      options: ['--on-unsuccessful', 'fail'],
      outcome: { polling_result: 'error', status: 'error', error: 'ValueError: boom for AAPL' },
    },
    {
      code: 3,
      run: async () => unknownRun(),
      outcome: {
        polling_result: 'error',
        status: 'polling_error',
        error: expect.stringContaining('no such run: check the ids and the deployment'),
      },
    },
    {
      code: 3,
      run: async () => unknownRun(),
      options: ['--deployment', 'locked'],
      outcome: {
        polling_result: 'error',
        status: 'polling_error',
        error: expect.stringContaining('check the API key and headers of deployment "locked"'),
      },
    },
    {
      code: 4,
      run: async () => unknownRun(),
      options: ['--deployment', 'endless', '--max-poll-time', '1s'],
      outcome: { polling_result: 'timeout', status: 'polling_timeout' },
      advice:
        'It had not ended by then, as far as known. To go on: langgraph-runs watch THREAD RUN --deployment endless\n',
    },
    {
      code: 5,
      run: () => langGraph.ended('human', aapl),
      outcome: { polling_result: 'interrupted', status: 'interrupted', next: ['ask'] },
      advice:
        'langgraph-runs watch THREAD RUN --on-interrupt wait, and beside that langgraph-runs resume THREAD RUN. Or answer it in LangGraph',
    },
  ])('$code: $outcome.polling_result / $outcome.status', async ({ code, outcome, run, options = [], advice = '' }) => {
    const ids = await run()

    const ended = await runToEnd(['watch', ...named(ids), '--json', ...options])

    expect(ended).toMatchObject({ code, stdout: expect.stringMatching(/^\{.*\}\n$/) })
    expect(JSON.parse(ended.stdout)).toMatchObject({ run_id: ids.runId, thread_id: ids.threadId, ...outcome })
    expect(ended.stderr).toMatch(new RegExp(`^Watch   watch-run/[a-z]+/${ids.threadId}/${ids.runId}\n`))
    expect(ended.stderr).toContain(advice.replaceAll('THREAD RUN', named(ids).join(' ')))
  })

  test('for a person as readable lines', async () => {
    const run = await langGraph.ended('work', aapl)

    const { code, stdout } = await runToEnd(['watch', ...named(run)])

    expect(code).toBe(0)
    expect(stdout).toMatch(/^polling_result: success_with_results\nstatus: success\n/)
    expect(stdout).toContain('\nresult:\n  symbol: AAPL\n  partial: partial AAPL\n  final: done AAPL\n')
  })
})

describe.concurrent('watch', () => {
  test('starts it with all options, waits for a worker, and leaves it at work at Ctrl-C: 130', async () => {
    const { threadId, runId } = { threadId: randomUUID(), runId: randomUUID() }
    const queue = randomUUID()
    const options = {
      deployment: 'research',
      initialInterval: '2s',
      backoffCoefficient: 2,
      maximumInterval: '1m',
      maxPollTime: 'none',
      stuckAfter: '2d',
      retrievalOrder: 'thread_state,join_stream',
      retrievalTimeout: '1m',
      resultKeys: 'a, b',
      onUnsuccessful: 'fail',
    }
    const args = Object.entries(options).flatMap(([name, value]) => [
      `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      String(value),
    ])
    const watch = start(['watch', threadId.toUpperCase(), runId, ...args], { TEMPORAL_TASK_QUEUE: queue })
    await watch.said(/^Watch /m)

    watch.signal('SIGINT')

    const workflowId = `watch-run/research/${threadId}/${runId}`
    const { code, stdout, stderr } = await watch.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain(`No worker polls the task queue "${queue}": start one (`)
    expect(stderr).toContain(`\nStopped looking. The watch goes on: ${workflowId}\n`)
    expect(stderr).toContain(`langgraph-runs watch ${threadId.toUpperCase()} ${runId} --deployment research\n`)
    const handle = client.workflow.getHandle(workflowId)
    expect((await handle.describe()).status.name).toBe('RUNNING')
    const [started] = (await handle.fetchHistory()).events ?? []
    const [input] = started?.workflowExecutionStartedEventAttributes?.input?.payloads ?? []
    expect(JSON.parse(Buffer.from(input?.data ?? []).toString())).toEqual({
      threadId: threadId.toUpperCase(),
      runId,
      deployment: 'research',
      pollInterval: { initialInterval: '2s', backoffCoefficient: 2, maximumInterval: '1m' },
      maxPollTime: 'none',
      stuckAfter: '2d',
      retrievalOrder: ['thread_state', 'join_stream'],
      retrievalTimeout: '1m',
      resultKeys: ['a', 'b'],
      onUnsuccessful: 'fail',
    })
  })

  test('waits for a worker and goes on with it; status says what is missing, and needs none once it is closed', async () => {
    const run = await langGraph.ended('work', aapl)
    const env = { TEMPORAL_TASK_QUEUE: randomUUID() }
    const watch = start(['watch', ...named(run), '--json'], env)
    await watch.said('Waiting for it')
    await watch.said(/^Watch /m)

    const whileAway = await runToEnd(['status', ...named(run)], env)
    const stopWorker = await startWorker(env.TEMPORAL_TASK_QUEUE)
    const { code, stdout } = await watch.ended
    await stopWorker()
    const closed = await runToEnd(['status', ...named(run), '--json'], env)

    expect(whileAway).toMatchObject({ code: 69, stdout: '' })
    expect(whileAway.stderr).toContain('The watch is open, but no worker answers for it. It goes on when one is there')
    expect(whileAway.stderr).toContain(`TEMPORAL_TASK_QUEUE=${env.TEMPORAL_TASK_QUEUE} npm run worker`)
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ polling_result: 'success_with_results', result: values })
    expect(closed).toMatchObject({ code: 0, stdout })
  })

  test('that was started on another task queue says which, and what to do: in every command', async () => {
    const { args, workflowId } = endlessRun()
    const queue = randomUUID()
    const mistaken = start(['watch', ...args], { TEMPORAL_TASK_QUEUE: queue })
    await mistaken.said(/^Watch /m)
    mistaken.signal('SIGINT')
    await mistaken.ended

    const again = start(['watch', ...args])
    await again.said(/^Watch /m)
    const [required, ...others] = await Promise.all([
      runToEnd(['watch', ...args, '--require-worker']),
      runToEnd(['status', ...args]),
      runToEnd(['cancel', ...args]),
      runToEnd(['resume', '--id', workflowId, '--value', '1']),
    ])
    await client.workflow.getHandle(workflowId).terminate()

    const words = `The open watch of this run is on the task queue "${queue}" (yours is "${taskQueue}"): start a worker there, or end it (\`temporal workflow terminate --workflow-id ${workflowId}\`) and watch again`
    expect(again.stderr).toContain(`${words}. Waiting for it\n`)
    for (const ended of [required, ...others]) {
      expect(ended).toEqual({ code: 69, stdout: '', stderr: `error: ${words}\n` })
    }
  })

  test('shows its progress poll by poll, and goes on following when Temporal is back', async () => {
    const { args, workflowId } = endlessRun()
    const proxy = await TcpProxy.start(`http://${inject('temporalAddress')}`)
    cleanUps.push(() => proxy.stop())
    const env = { TEMPORAL_ADDRESS: new URL(proxy.url).host }
    const watch = start(['watch', ...args, '--poll-interval', '1s'], env)
    await watch.said(/^waiting · run running · [3-9] polls · \d+ s( · next poll in 1 s)?$/m)

    await proxy.refuse()
    const outage = new RefusingTemporal(14, 'no upstream')
    await outage.listen(Number(new URL(proxy.url).port))
    await watch.said('Temporal does not answer at 127.0.0.1:')
    // Temporal's client asks 10 times before it gives up.
    const waits = () => outage.calls.filter((call) => call === 'GetWorkflowExecutionHistory').length
    await vi.waitUntil(() => waits() > 10, patience)
    await outage.stop()
    await proxy.accept()
    await watch.said('\nThe watch answers\n')
    await client.workflow.getHandle(workflowId).cancel()

    const { code, stdout, stderr } = await watch.ended
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(', which keeps the watch. Waiting for it; Ctrl-C ends the waiting only\n')
    const error =
      'error: The workflow was cancelled, and its run goes on (last status: running). To go on: langgraph-runs'
    expect(stderr).toContain(`\n${error} watch ${args.join(' ')}\n`)
    const polls = [...stderr.matchAll(/^waiting · .* · (\d+) polls? /gm)].map(([, poll]) => Number(poll))
    expect(polls).toEqual([...new Set(polls)])
    expect(stderr).not.toContain('\u{1b}')
  })

  test('with --require-worker ends when the worker is gone for more than a minute: 69', async () => {
    const env = { TEMPORAL_TASK_QUEUE: randomUUID(), NODE_OPTIONS: `--import=${minuteHand}` }
    const stopWorker = await startWorker(env.TEMPORAL_TASK_QUEUE, scripted)
    const { args, workflowId } = endlessRun()
    const watch = start(['watch', ...args, '--require-worker'], env)
    await watch.said(/^waiting /m)

    await stopWorker()
    await watch.said('No worker answers for the watch at the moment. Waiting for it')
    watch.signal('SIGUSR2')

    const { code, stdout, stderr } = await watch.ended
    expect({ code, stdout }).toEqual({ code: 69, stdout: '' })
    expect(stderr).toContain(`error: No worker polls the task queue "${env.TEMPORAL_TASK_QUEUE}": start one (`)
    expect(stderr).toContain(`The watch stays open, and goes on when a worker is there: ${workflowId}\n`)
  })

  test('says that it attaches to an open watch, and what a terminated one needs: 3', async () => {
    const { args, workflowId } = endlessRun()
    const first = start(['watch', ...args, '--max-poll-time', '1h'])
    await first.said(/^waiting /m)

    const second = start(['watch', ...args, '--max-poll-time', '1s'])
    await second.said(/^waiting /m)
    await client.workflow.getHandle(workflowId).terminate('not needed')

    const ended = await Promise.all([first.ended, second.ended])
    expect(ended).toMatchObject([
      { code: 3, stdout: '' },
      { code: 3, stdout: '' },
    ])
    const [{ stderr: ofFirst }, { stderr: ofSecond }] = ended
    expect(ofFirst).toContain(
      `error: The workflow was terminated (not needed). Its run is not touched by that. To go on: langgraph-runs watch ${args.join(' ')}\n`,
    )
    expect(ofFirst).not.toContain('Attached')
    expect(ofSecond).toMatch(/^Attached: it is open since 20\S+, and its own options hold$/m)
  })

  test('links to the Web UI where one answers', async () => {
    const proxy = await TcpProxy.start(`http://${inject('temporalAddress')}`)
    const port = Number(new URL(proxy.url).port)
    const webUi = createServer().listen(port + 1000, '127.0.0.1')
    await once(webUi, 'listening')
    cleanUps.push(
      () => proxy.stop(),
      () => once(webUi.close(), 'close'),
    )
    const run = await langGraph.ended('work', aapl)

    const { stderr } = await runToEnd(['watch', ...named(run)], { TEMPORAL_ADDRESS: `127.0.0.1:${port}` })

    const id = encodeURIComponent(watchWorkflowId(run))
    expect(stderr).toContain(`\nWeb UI  http://127.0.0.1:${port + 1000}/namespaces/default/workflows/${id}\n`)
  })

  test('on a terminal rewrites one line, in colour unless NO_COLOR is set, until Ctrl-C', async () => {
    const { args, workflowId } = endlessRun()
    const onTerminal = (env: Environment) =>
      CliProcess.onTerminal(['watch', ...args, '--poll-interval', '1h'], { TEMPORAL_TASK_QUEUE: taskQueue, ...env })
    const colours = onTerminal({})
    const noColours = onTerminal({ NO_COLOR: '1' })
    for (const watch of [colours, noColours]) {
      await watch.said('next poll in ')
      const before = watch.stdout.length
      await vi.waitUntil(() => watch.stdout.includes('waiting', before), patience)
      watch.type('\u{3}')
    }

    const [{ code, stdout }, { stdout: withoutColours }] = await Promise.all([colours.ended, noColours.ended])
    expect(code).toBe(130)
    expect(stdout).toContain('\r\u{1b}[K\u{1b}[2m\u{1b}[?7lwaiting · run running · 1 poll · ')
    expect(stdout.split('\n').filter((line) => line.includes('waiting'))).toHaveLength(1)
    expect(stdout).toContain(`\r\u{1b}[KStopped looking. The watch goes on: ${workflowId}\r\n`)
    expect(withoutColours).toContain('\r\u{1b}[K\u{1b}[?7lwaiting · run running · 1 poll · ')
    expect(withoutColours).not.toContain('\u{1b}[2m')
  })
})

describe.concurrent('retrieve', () => {
  test('prints the result: 0', async () => {
    const run = await langGraph.ended('work', aapl)

    const { code, stdout, stderr } = await runToEnd(['retrieve', ...named(run), '--result-keys', 'final', '--json'])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      result: { final: 'done AAPL' },
      retrieval_metadata: { strategy_used: 'thread_state' },
    })
  })

  test.each<{ code: number; what: string; run: () => Promise<Ids>; options?: string[]; error: string }>([
    {
      code: 2,
      what: 'nothing found',
      run: () => langGraph.ended('work', aapl),
      options: ['--result-keys', 'absent', '--retrieval-order', 'thread_state'],
      error: 'All result retrieval strategies failed: Strategy thread_state failed: ',
    },
    {
      code: 3,
      what: 'not complete',
      run: async () => unknownRun(),
      options: ['--deployment', 'endless'],
      error:
        'The run is not complete: its status is running. Watch it (`langgraph-runs watch THREAD RUN --deployment endless`), or retrieve when it has ended\n',
    },
    {
      code: 3,
      what: 'not successful',
      run: () => langGraph.ended('fail', aapl),
      error: 'The run ended as error: ValueError: boom for AAPL\n',
    },
    {
      code: 3,
      what: 'unknown run',
      run: async () => unknownRun(),
      error: 'status of run RUN from deployment "default": HTTP 404 ',
    },
    {
      code: 3,
      what: 'wrong key',
      run: async () => unknownRun(),
      options: ['--deployment', 'locked'],
      error: 'status of run RUN from deployment "locked": HTTP 401 "who are you?": check the API key',
    },
    {
      code: 64,
      what: 'unknown deployment',
      run: async () => unknownRun(),
      options: ['--deployment', 'reserch'],
      error: 'Deployment "reserch" is not configured on this worker; configured: "default", "locked", "endless", ',
    },
  ])('says on stderr why there is none: $code, $what', async ({ code, run, options = [], error }) => {
    const ids = await run()

    const ended = await runToEnd(['retrieve', ...named(ids), ...options])

    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^error: /) })
    const words = error.replace('THREAD RUN', named(ids).join(' ')).replace('RUN from', `${ids.runId} from`)
    expect(ended.stderr).toContain(words)
  })
})

describe.concurrent('status and list', () => {
  test('an open watch shows its progress: 0', async () => {
    const { args, workflowId } = endlessRun()
    const watch = start(['watch', ...args])
    await watch.said(/^waiting /m)

    const byRun = await runToEnd(['status', ...args, '--json'])
    const [deployment, ids] = [
      workflowId.slice(0, 'watch-run/endless'.length),
      workflowId.slice('watch-run/endless'.length),
    ]
    const byId = await runToEnd(['status', '--id', deployment + ids.toUpperCase()])

    expect(byRun.code).toBe(0)
    expect(JSON.parse(byRun.stdout)).toMatchObject({ status: 'running', poll_count: expect.any(Number) })
    expect(byId).toMatchObject({ code: 0, stdout: expect.stringMatching(/^phase: (waiting|polling)\n/) })
  })

  test('a closed watch shows its outcome, also where that failed the workflow: with the code of the outcome', async () => {
    const run = await langGraph.ended('fail', aapl)
    const handle = await runs.startWatch({ ...run, onUnsuccessful: 'fail' })
    await expect(handle.result()).rejects.toThrow('Workflow execution failed')

    const { code, stdout } = await runToEnd(['status', '--id', handle.workflowId])

    expect(code).toBe(3)
    expect(stdout).toContain('polling_result: error\n')
    expect(stdout).toContain('error: ValueError: boom for AAPL\n')
  })

  test('without a watch there is one look at the run: 0', async () => {
    const run = await langGraph.ended('work', aapl)

    const ended = await runToEnd(['status', ...named(run)])

    expect(ended).toMatchObject({ code: 0, stdout: 'status: success\n' })
    expect(ended.stderr).toBe('No watch of this run. One look at the run itself:\n')
  })

  test('an unknown run, and an unknown id: 3', async () => {
    const [unknown, id] = await Promise.all([
      runToEnd(['status', ...named(unknownRun())]),
      runToEnd(['status', '--id', 'watch-run/nowhere']),
    ])

    expect(unknown).toMatchObject({ code: 3, stdout: '', stderr: expect.stringContaining('check the ids and the') })
    const error =
      'error: Temporal has no workflow "watch-run/nowhere": `langgraph-runs list` shows the watches there are\n'
    expect(id).toEqual({ code: 3, stdout: '', stderr: error })
  })

  test('an open workflow that is no watch and no execution: 64, as for the other commands', async () => {
    const handle = await client.workflow.start('retrieveRunResult', {
      taskQueue,
      workflowId: randomUUID(),
      args: [{ ...unknownRun(), deployment: 'hanging', retrievalTimeout: '1h' }],
    })

    const commands = [['status'], ['watch'], ['cancel'], ['resume'], ['execute', 'work']]
    const ended = await Promise.all(commands.map((command) => runToEnd([...command, '--id', handle.workflowId])))

    await handle.terminate()
    const error = `error: "${handle.workflowId}" is a workflow of type retrieveRunResult, no watch and no execution: \`langgraph-runs list\` shows those there are\n`
    expect(ended).toEqual(commands.map(() => ({ code: 64, stdout: '', stderr: error })))
  })

  test('list has the open watches first, and each kind newest first', async () => {
    // A namespace holds the watches of everybody: these are looked for among them.
    const names = ['endless', 'endless', 'default', 'default'] as const
    const ids: string[] = []
    for (const deployment of names) {
      const handle = await runs.startWatch({ threadId: randomUUID(), runId: randomUUID(), deployment })
      if (deployment === 'default') await handle.result()
      ids.unshift(handle.workflowId)
    }
    const [newerClosed, olderClosed, newerOpen, olderOpen] = ids
    const expected = [newerOpen, olderOpen, newerClosed, olderClosed]
    const listed = async () => {
      const { stdout } = await runToEnd(['list', '--limit', '1000', '--json'])
      const watches: { id: string; state: string; ended?: string }[] = JSON.parse(stdout)
      return watches.filter(({ id }) => ids.includes(id))
    }

    const watches = await vi.waitFor(async () => {
      const found = await listed()
      expect(found.filter(({ state }) => state === 'COMPLETED')).toHaveLength(2)
      return found
    }, patience)

    expect(watches.map(({ id }) => id)).toEqual(expected)
    expect(watches.map(({ ended }) => ended !== undefined)).toEqual([false, false, true, true])
    const readable = await runToEnd(['list', '--limit', '1'])
    expect(readable.stdout).toMatch(/^RUNNING {5}[\w ]+started 20\S+Z {2}open for \d+ \S+ +\S+\/\S+( {2}run \S+)?\n$/)
  })

  test('list of an empty namespace says how to begin', async () => {
    const namespace = `empty-${randomUUID()}`
    await client.connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs('1d'),
    })

    const ended = await vi.waitFor(async () => {
      const found = await runToEnd(['list'], { TEMPORAL_NAMESPACE: namespace })
      expect(found.code).toBe(0)
      return found
    }, patience)

    expect(ended).toMatchObject({ stdout: '', stderr: 'No watch yet. To make one: langgraph-runs watch THREAD RUN\n' })
  })
})
