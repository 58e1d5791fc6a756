import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { WatchOutcome } from '../../src/client.ts'
import { ProcessGroup } from './process-group.ts'

/** On a warm machine that does nothing else a demo takes half a minute, and the test of what it leaves runs several at once. */
const wholeDemo = { timeout: 180_000 }

let folder: string
let occupied: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-test-'))
  occupied = join(folder, 'temporal')
  await writeFile(occupied, '#!/bin/sh\necho "listen tcp 127.0.0.1:7233: bind: address already in use" >&2\nexit 1\n')
  await chmod(occupied, 0o755)
})

afterAll(async () => {
  await ProcessGroup.killAll()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** The demo with a temp folder of its own. */
class Demo extends ProcessGroup {
  readonly #temp: string

  static async start(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Demo> {
    return new Demo(await mkdtemp(join(folder, 'tmp-')), args, env)
  }

  private constructor(temp: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    super(process.execPath, ['--import', 'tsx', 'dev/demo.ts', ...args], { TMPDIR: temp, ...env })
    this.#temp = temp
  }

  /** What it left behind, beside the loader's cache. */
  async remains(): Promise<string[]> {
    const files = (await readdir(this.#temp)).filter((name) => !name.startsWith('tsx-'))
    return [...(await this.processes()), ...files]
  }

  /** The first group of the expression in what it printed. */
  found(expression: RegExp): string {
    const [, text] = expression.exec(this.stdout) ?? []
    if (text === undefined) throw new Error(`${String(expression)} is not in:\n${this.stdout}`)
    return text
  }
}

describe('npm run demo', () => {
  test(
    'tells of four runs that all get their results, and leaves nothing behind, no dead link either',
    wholeDemo,
    async () => {
      const demo = await Demo.start()

      expect(await demo.ended()).toEqual({ code: 0, signal: null })
      const [, rows = ''] = demo.stdout.split(/\n {2}scenario .*\n/)
      expect(rows.split('\n').slice(0, 4)).toEqual([
        expect.stringMatching(/^ {2}a plain run +nothing +success_with_results +\d+ +\d+\.\d$/),
        expect.stringMatching(
          /^ {2}worker killed +SIGKILL after poll \d+, no worker for \d+\.\d s +success_with_results +\d+ +\d+\.\d$/,
        ),
        expect.stringMatching(
          /^ {2}LangGraph away +unreachable for \d+\.\d s, [1-9] polls failed +success_with_results +\d+ +\d+\.\d$/,
        ),
        expect.stringMatching(
          /^ {2}a human asked +"BUY AAPL\?" answered with "yes" +success_with_results +\d+ +\d+\.\d$/,
        ),
      ])
      expect(demo.stdout).toMatch(/\n4 runs, 4 results, \d+ s in all\n/)
      expect(demo.stdout).not.toMatch(/https?:|127\.0\.0\.1|localhost/)
      // Neither a terminal's codes nor anybody's log.
      expect(demo.stdout).not.toContain('\u001B')
      expect(demo.stderr).toBe('')
      expect(await demo.remains()).toEqual([])
    },
  )
})

describe('npm run demo -- --keep', () => {
  let demo: Demo
  let client: Client

  beforeAll(async () => {
    demo = await Demo.start(['--keep'])
    await demo.printed('Everything stays up until you press Ctrl-C')
    client = new Client({ connection: await Connection.connect({ address: demo.found(/TEMPORAL_ADDRESS=(\S+)/) }) })
  }, wholeDemo.timeout)

  afterAll(() => client.connection.close())

  /** The history of the only watch that was started for the run in this part of the story. */
  async function historyOf(part: string) {
    const runId = demo.found(new RegExp(`\n${part}[^]*?\n {2}run +(\\S+)`))
    for await (const { workflowId } of client.workflow.list({ query: "WorkflowType = 'watchRun'" })) {
      if (workflowId.endsWith(runId)) return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? []
    }
    throw new Error(`no watch of the run ${runId}`)
  }

  test('the watch whose worker was killed was continued by another process', async () => {
    const events = await historyOf('2\\. The worker dies')

    const workers = events.flatMap(
      ({ workflowTaskCompletedEventAttributes: task }) => task?.identity?.split('@')[0] ?? [],
    )
    const [killed, started] = [demo.found(/killed +process (\d+)/), demo.found(/started +process (\d+)/)]
    expect([...new Set(workers)]).toEqual([killed, started])
    expect(killed).not.toBe(started)
  })

  test('the watch of the run whose LangGraph was away has the failed polls in its history', async () => {
    const events = await historyOf('3\\. LangGraph is away')

    const failed = events.filter(({ activityTaskFailedEventAttributes: failure }) => failure)
    expect(failed.length).toBeGreaterThan(0)
    expect(failed).toHaveLength(Number(demo.found(/(\d+) polls failed/)))
  })

  test('the run that asked continued after the answer', async () => {
    const outcome: WatchOutcome = await client.workflow.getHandle('demo/buy-AAPL').result()

    expect(outcome).toMatchObject({
      result: { order: 'BUY AAPL' },
      runs: [{ continued_by: 'resume' }, { run_id: outcome.run_id }],
    })
  })

  test('the links lead to the Web UI, and to the question of the run that waits', async () => {
    const links = demo.stdout.match(/http:\S+\/workflows\S*/g) ?? []
    const { runId } = await client.workflow.getHandle('demo/buy-MSFT').describe()
    const answers = await Promise.all(links.map((link) => fetch(link)))

    // The command line looks for it at this port.
    const port = Number(demo.found(/TEMPORAL_ADDRESS=\S+:(\d+)/)) + 1000
    const webUi = `http://127.0.0.1:${port}/namespaces/default/workflows`
    expect(links).toEqual([webUi, `${webUi}/demo%2Fbuy-MSFT/${runId}/user-metadata`])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
  })

  test('the lines to paste work as printed: they list, show the question, answer it and bring the outcome', async () => {
    const lines = demo.stdout.split('\n').filter((line) => /^ {4}(export|node) /.test(line))

    const shell = new ProcessGroup('sh', ['-euxc', lines.join('\n')])

    expect(await shell.ended()).toEqual({ code: 0, signal: null })
    expect(lines).toHaveLength(6)
    expect(shell.stdout).toMatch(/^ID .*\ndemo\/buy-MSFT +human .* BUY MSFT\?/)
    expect(shell.stdout).toContain('│ question: BUY MSFT?\n')
    expect(shell.stdout).toContain('order: BUY MSFT')
    expect(shell.stdout).toMatch(/symbol: NVDA\n[^]*trading_signal: BUY/)
  })

  test('a SIGTERM ends all of it', async () => {
    demo.kill('SIGTERM')

    expect(await demo.ended()).toEqual({ code: 143, signal: null })
    expect(demo.stdout).toMatch(/\nStopped\.\n$/)
    expect(demo.stderr).toBe('')
    expect(await demo.remains()).toEqual([])
  })
})

describe.concurrent('whatever ends the demo, it leaves no process and no temp folder behind', () => {
  const moments = ['starting Temporal', 'starting a worker', '1 poll', 'starting another worker']
  test.each(moments)('Ctrl-C after "%s"', wholeDemo, async (moment) => {
    const demo = await Demo.start()
    await demo.printed(moment)

    demo.killGroup('SIGINT')

    expect(await demo.ended()).toEqual({ code: 130, signal: null })
    expect(demo.stdout).toMatch(/\nStopped\.\n$/)
    expect(demo.stderr).toBe('')
    expect(await demo.remains()).toEqual([])
  })

  test.each(['starting a worker', '1 poll'])(
    'Ctrl-C after "%s" that ends the worker before the demo hears of it',
    wholeDemo,
    async (moment) => {
      const demo = await Demo.start()
      await demo.printed(moment)

      process.kill(await demo.idOf('src/worker'), 'SIGKILL')
      await pause(100)
      demo.kill('SIGINT')

      expect(await demo.ended()).toEqual({ code: 130, signal: null })
      expect(demo.stderr).toBe('')
      expect(await demo.remains()).toEqual([])
    },
  )

  test('Ctrl-C before anything has started', async () => {
    const demo = await Demo.start()

    demo.killGroup('SIGINT')

    expect(await demo.ended()).toEqual({ code: null, signal: 'SIGINT' })
    expect(await demo.processes()).toEqual([])
  })

  test('the terminal is closed', async () => {
    const demo = await Demo.start()
    await demo.printed('starting Temporal')

    demo.killGroup('SIGHUP')

    expect(await demo.ended()).toEqual({ code: 129, signal: null })
    expect(await demo.remains()).toEqual([])
  })

  test('it is killed outright: its servers and its worker follow', async () => {
    const demo = await Demo.start()
    await demo.printed('1 poll')
    const before = await demo.processes()

    demo.kill('SIGKILL')

    await demo.untilGone()
    for (const program of ['start-dev', 'langgraph-server', 'src/worker']) {
      expect(before).toContainEqual(expect.stringContaining(program))
    }
  })

  test('its worker dies without being told to: the demo says so', async () => {
    const demo = await Demo.start()
    await demo.printed('1 poll')

    process.kill(Number(demo.found(/Worker .* process (\d+)/)), 'SIGKILL')

    expect(await demo.ended()).toEqual({ code: 1, signal: null })
    expect(demo.stderr).toMatch(/^\n✖ the worker ended with SIGKILL:\n/)
    expect(await demo.remains()).toEqual([])
  })

  test('a port is occupied', async () => {
    const demo = await Demo.start([], { TEMPORAL_CLI_PATH: occupied })

    expect(await demo.ended()).toEqual({ code: 1, signal: null })
    expect(demo.stderr).toContain(`✖ the Temporal dev server (${occupied} server start-dev) ended with 1:`)
    expect(demo.stderr).toContain('listen tcp 127.0.0.1:7233: bind: address already in use')
    expect(await demo.remains()).toEqual([])
  })

  test('it has options that it does not know: it says where to find those it has', async () => {
    const demo = await Demo.start(['--kepe'])

    expect(await demo.ended()).toEqual({ code: 1, signal: null })
    expect(demo.stderr).toBe('\n✖ Unknown option \'--kepe\': "npm run demo -- --help" shows the options\n')
  })
})
