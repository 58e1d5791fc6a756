import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { watchWorkflowId } from '../../src/domain/contract.ts'
import type { Ids } from '../support/langgraph.ts'
import { text } from '../support/scripted-langgraph.ts'
import type { Environment } from './cli-process.ts'
import { CliStage, endlessRun, named, unknownRun } from './stage.ts'

const aapl = { symbol: 'AAPL' }
const values = { symbol: 'AAPL', partial: 'partial AAPL', final: 'done AAPL' }
const patience = { timeout: 30_000, interval: 100 }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open({ locked: (server) => server.on('run', text('who are you?', { status: 401 })) })
})
afterAll(() => stage.close())

describe.concurrent('watch prints the outcome alone on stdout, and ends with its code', () => {
  test.each<{ code: number; outcome: object; run: () => Promise<Ids>; options?: string[]; advice?: string }>([
    {
      code: 0,
      run: () => stage.langGraph.create('work', { ...aapl, seconds: 1 }),
      options: ['--poll-interval', '1s'],
      outcome: { polling_result: 'success_with_results', status: 'success', result: values },
    },
    {
      code: 2,
      run: () => stage.langGraph.ended('work', aapl),
      options: ['--result-keys', 'absent', '--retrieval-order', 'thread_state'],
      outcome: { polling_result: 'success_no_results', status: 'success' },
    },
    {
      code: 3,
      run: () => stage.langGraph.ended('fail', aapl),
      outcome: { polling_result: 'error', status: 'error', error: 'ValueError: boom for AAPL' },
    },
    {
      code: 3,
      run: () => stage.langGraph.ended('fail', aapl),
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
        'The run had not ended when polling stopped. To keep watching it: langgraph-runs watch THREAD RUN --deployment endless\n',
    },
    {
      code: 5,
      run: () => stage.langGraph.ended('human', aapl),
      outcome: { polling_result: 'interrupted', status: 'interrupted', next: ['ask'] },
      advice:
        'start langgraph-runs watch THREAD RUN --on-interrupt wait, then langgraph-runs resume THREAD RUN. An answer given in LangGraph',
    },
  ])('$code: $outcome.polling_result / $outcome.status', async ({ code, outcome, run, options = [], advice = '' }) => {
    const ids = await run()

    const ended = await stage.runToEnd(['watch', ...named(ids), '--json', ...options])

    expect(ended).toMatchObject({ code, stdout: expect.stringMatching(/^\{.*\}\n$/) })
    expect(JSON.parse(ended.stdout)).toMatchObject({ run_id: ids.runId, thread_id: ids.threadId, ...outcome })
    expect(ended.stderr).toMatch(new RegExp(`^Watch   watch-run/[a-z]+/${ids.threadId}/${ids.runId}\n`))
    expect(ended.stderr).toContain(advice.replaceAll('THREAD RUN', named(ids).join(' ')))
  })

  test('for a person as readable lines', async () => {
    const run = await stage.langGraph.ended('work', aapl)

    const { code, stdout } = await stage.runToEnd(['watch', ...named(run)])

    expect(code).toBe(0)
    expect(stdout).toMatch(/^polling_result: success_with_results\nstatus: success\n/)
    expect(stdout).toContain('\nresult:\n  symbol: AAPL\n  partial: partial AAPL\n  final: done AAPL\n')
  })
})

describe.concurrent('watch', () => {
  test('starts with all options, waits for a worker, and detaches at Ctrl-C: 130', async () => {
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
    const watch = stage.start(['watch', threadId.toUpperCase(), runId, ...args], { TEMPORAL_TASK_QUEUE: queue })
    await watch.said(/^Watch /m)

    watch.signal('SIGINT')

    const workflowId = `watch-run/research/${threadId}/${runId}`
    const { code, stdout, stderr } = await watch.ended
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(stderr).toContain(`No worker polls the task queue "${queue}": start one (`)
    expect(stderr).toContain(`\nDetached. The watch is still running: ${workflowId}\n`)
    expect(stderr).toContain(`langgraph-runs watch ${threadId.toUpperCase()} ${runId} --deployment research\n`)
    const handle = stage.client.workflow.getHandle(workflowId)
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

  test('reports that it attaches to an open watch, and what to do about a terminated one: 3', async () => {
    const { args, workflowId } = endlessRun()
    const first = stage.start(['watch', ...args, '--max-poll-time', '1h'])
    await first.said(/^waiting /m)

    const second = stage.start(['watch', ...args, '--max-poll-time', '1s'])
    await second.said(/^waiting /m)
    await stage.client.workflow.getHandle(workflowId).terminate('not needed')

    const ended = await Promise.all([first.ended, second.ended])
    expect(ended).toMatchObject([
      { code: 3, stdout: '' },
      { code: 3, stdout: '' },
    ])
    const [{ stderr: ofFirst }, { stderr: ofSecond }] = ended
    expect(ofFirst).toContain(
      `error: The workflow was terminated (not needed). This does not affect its run. To keep watching it: langgraph-runs watch ${args.join(' ')}\n`,
    )
    expect(ofFirst).not.toContain('Attached')
    expect(ofSecond).toMatch(/^Attached: open since 20\S+; its original options apply$/m)
  })

  test('links to the Web UI that TEMPORAL_UI_URL names, or to that of a dev server on this machine', async () => {
    const run = await stage.langGraph.ended('work', aapl)

    const [ofOwn, ofDevServer] = await Promise.all([
      stage.runToEnd(['watch', ...named(run)], { TEMPORAL_UI_URL: 'https://temporal.example/ui/' }),
      stage.runToEnd(['watch', ...named(run)]),
    ])

    const page = `/namespaces/default/workflows/${encodeURIComponent(watchWorkflowId(run))}`
    const port = Number(inject('temporalAddress').split(':')[1]) + 1000
    expect(ofOwn.stderr).toContain(`\nWeb UI  https://temporal.example/ui${page}\n`)
    expect(ofDevServer.stderr).toContain(`\nWeb UI  http://127.0.0.1:${port}${page}\n`)
  })

  test('on a terminal rewrites one line, in colour unless NO_COLOR is set, until Ctrl-C', async () => {
    const { args, workflowId } = endlessRun()
    const onTerminal = (env: Environment) => stage.onTerminal(['watch', ...args, '--poll-interval', '1h'], env)
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
    expect(stdout).toContain(`\r\u{1b}[KDetached. The watch is still running: ${workflowId}\r\n`)
    expect(withoutColours).toContain('\r\u{1b}[K\u{1b}[?7lwaiting · run running · 1 poll · ')
    expect(withoutColours).not.toContain('\u{1b}[2m')
  })
})
