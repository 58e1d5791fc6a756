import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { Interrupted, Lifetime } from '../dev/lifetime.ts'
import { messageOf } from '../src/domain/json.ts'
import { startContestant } from './fleet/contestants.ts'
import { ScriptedServer } from './fleet/langgraph.ts'
import { measure } from './fleet/measure.ts'
import type { Figures } from './fleet/measure.ts'
import { help, parseOptions } from './fleet/options.ts'
import type { FleetOptions } from './fleet/options.ts'
import { machine, report } from './fleet/table.ts'

/**
 * `npm run bench:fleet`: many watches on a few workers, beside what they replace; `--help` lists what it can vary. All times
 * are of one machine's clock: a run ends when the scripted server's schedule says so, and its outcome has come when Temporal
 * closed the workflow, or when the Python poller had it.
 */
async function bench(options: FleetOptions, lifetime: Lifetime): Promise<string> {
  const machineBefore = machine()
  const langGraph = await lifetime.own(ScriptedServer.start())
  const all: Figures[] = []
  for (const name of options.contestants) {
    say(`${name} …`)
    const contestant = await lifetime.own(startContestant(name, langGraph.url, options))
    const { workers, server } = contestant
    // Figures of a program that crashed would say nothing.
    const died = [workers.died, ...(server ? [server.died] : [])]
    const measured = Promise.race([measure(contestant, langGraph, options), ...died])
    all.push(await lifetime.during(measured))
    await contestant.stop()
  }
  return report(options, machineBefore, all)
}

async function main(): Promise<number> {
  const options = optionsOrWords()
  if (typeof options === 'string') {
    say(options)
    return options === help ? 0 : 1
  }
  const lifetime = new Lifetime()
  try {
    const text = await bench(options, lifetime)
    const { out = resultFile() } = options
    await mkdir(dirname(out), { recursive: true })
    await writeFile(out, text)
    process.stdout.write(text)
    say(`written to ${out}`)
    return 0
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode
    say(inspect(error))
    return 1
  } finally {
    await lifetime.stopAll()
  }
}

function optionsOrWords(): FleetOptions | string {
  try {
    return parseOptions(process.argv.slice(2)) ?? help
  } catch (error) {
    return `${messageOf(error)}: "npm run bench:fleet -- --help" shows the options`
  }
}

function resultFile(): string {
  const moment = new Date().toISOString().slice(0, 19).replaceAll(':', '-')
  return fileURLToPath(new URL(`results/fleet-${moment}.md`, import.meta.url))
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

process.exit(await main())
