import { parseArgs } from 'node:util'
import { lookAround } from './demo/look-around.ts'
import { askedHuman, killedWorker, langGraphAway, plainRun } from './demo/scenarios.ts'
import { DemoScreen } from './demo/screen.ts'
import { setStage } from './demo/stage.ts'
import type { StageOptions } from './demo/stage.ts'
import { tableOf } from './demo/table.ts'
import { Interrupted, Lifetime } from './lifetime.ts'

const help = `npm run demo              Four background runs, from start to result: a plain one, one whose worker is killed, one while
                          LangGraph is away, one that asks a human. Takes less than a minute, then stops everything.
npm run demo -- --keep    The same, but stays up to look around. Ctrl-C stops everything.
npm run demo -- --help    This text.

Starts an embedded Temporal dev server with its Web UI, a real LangGraph server with a toy trading graph that needs no
model, and the worker: on free ports of this machine, in memory. The first start may fetch the Temporal server.`

async function demo(options: StageOptions, keep: boolean): Promise<void> {
  const { screen } = options
  const startedMs = Date.now()
  screen.title('LangGraph background runs on Temporal: the demo')
  screen.say('Four runs: a plain one, one whose worker is killed, one while LangGraph is away, one that asks a human.')
  screen.say('A Temporal workflow watches each of them until it has a result.')
  const { stage, worker } = await setStage(options)
  const scenarios = [
    await plainRun(stage),
    await killedWorker(stage, worker),
    await langGraphAway(stage),
    await askedHuman(stage),
  ]
  const elapsed = ((Date.now() - startedMs) / 1000).toFixed(0)
  screen.title('What happened')
  screen.say(tableOf(scenarios))
  screen.say(`\n${scenarios.length} runs, ${scenarios.length} results, ${elapsed} s in all`)
  if (keep) await lookAround(stage)
}

async function main(): Promise<number> {
  const { stdout } = process
  const isLive = stdout.isTTY && process.env['TERM'] !== 'dumb'
  const screen = new DemoScreen(stdout, { isLive })
  const lifetime = new Lifetime()
  try {
    const { keep, isHelpWanted } = options()
    if (isHelpWanted) {
      screen.say(help)
      return 0
    }
    await demo({ screen, lifetime, showsWebUi: isLive && !keep }, keep)
    await lifetime.stopAll()
    screen.say('Everything is stopped. To look around and to answer a run yourself: npm run demo -- --keep')
    return 0
  } catch (error) {
    screen.clear()
    await lifetime.stopAll()
    if (error instanceof Interrupted) {
      screen.say('Stopped.')
      return error.exitCode
    }
    process.stderr.write(`\n✖ ${error instanceof Error ? error.message : String(error)}\n`)
    return 1
  }
}

function options() {
  try {
    const { values } = parseArgs({ options: { keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } })
    return { keep: values.keep ?? false, isHelpWanted: values.help ?? false }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`${message}: "npm run demo -- --help" shows the options`, { cause: error })
  }
}

process.exit(await main())
