import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { inspect } from 'node:util'
import { Interrupted, Lifetime } from '../../dev/lifetime.ts'
import { messageOf } from '../../src/domain/json.ts'
import { partsOf } from './cast.ts'
import { judge, unknownIn } from './judge.ts'
import type { Finding } from './judge.ts'
import { help, parseOptions } from './options.ts'
import type { ChaosOptions } from './options.ts'
import { Patience } from './patience.ts'
import { play } from './play.ts'
import type { Played } from './play.ts'
import { problemsOf, tables } from './report.ts'
import type { ChaosReport } from './report.ts'
import { openStage } from './stage.ts'
import type { Stage } from './stage.ts'
import { trueRuns } from './truth.ts'
import { Weather } from './weather.ts'

/** Runs start in this part of the weather. */
const partOfStarts = 0.6
/** After the weather. What has no outcome then is lost. */
const patienceMs = 180_000
const mostTruthTries = 3
const betweenTruthTriesMs = 1000

interface Judged {
  readonly played: Played
  readonly findings: readonly Finding[]
}

/** `npm run chaos`: `--help` lists what it can vary. */
async function chaos(options: ChaosOptions, lifetime: Lifetime): Promise<ChaosReport> {
  const stage = await openStage(options, lifetime)
  const weather = new Weather(stage, options)
  const patience = new Patience()
  const parts = partsOf(options, stage.servers)
  const playing = parts.map(async (part, n) => {
    await pause((n / parts.length) * partOfStarts * options.weatherMs)
    return play(stage, part, patience)
  })
  await lifetime.during(weather.rage())
  for (const { proxy } of stage.servers) proxy.calm()
  const patient = setTimeout(() => patience.end(), patienceMs)
  const played = await lifetime.during(Promise.all(playing))
  clearTimeout(patient)
  const judged: Judged[] = []
  for (const one of played) judged.push(await judgedBy(one))
  for (const lastWords of [...stage.workers.ended, ...stage.temporal.ended]) say(lastWords)
  await tell(stage, judged)
  return reportOf(options, stage, weather, judged)
}

/** A server that does not answer makes its own runs lost, and keeps the others from nothing. */
async function judgedBy(played: Played): Promise<Judged> {
  const { truth, name } = played.part.server
  for (let left = mostTruthTries; ; left -= 1) {
    try {
      return { played, findings: judge(played, await trueRuns(truth, played.threadId)) }
    } catch (error) {
      const text = `what the server ${name} knows could not be read: ${messageOf(error)}`
      if (left <= 1) return { played, findings: [{ wrong: 'lost', text }] }
    }
    await pause(betweenTruthTriesMs)
  }
}

/** What is wrong, with the history of its workflow in a file. */
async function tell({ client }: Stage, judged: readonly Judged[]): Promise<void> {
  for (const { played } of judged) {
    const unknown = unknownIn(played)
    if (unknown !== undefined) say(`${unknown}: ${played.workflowId}: ${JSON.stringify(played.ending)}`)
  }
  const wrong = judged.filter(({ findings }) => findings.length > 0)
  if (wrong.length === 0) return
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-chaos-'))
  for (const { played, findings } of wrong) {
    const { part, workflowId, threadId, ending } = played
    say(`${part.kind.name} on ${part.server.name}: ${workflowId}, thread ${threadId}`)
    for (const { wrong: name, text } of findings) say(`  ${name}: ${text}`)
    const history = await client.workflow.getHandle(workflowId).fetchHistory().catch(messageOf)
    const file = join(folder, `${part.symbol}.json`)
    await writeFile(file, JSON.stringify({ workflowId, threadId, ending, findings, history }, undefined, 1))
  }
  say(`their histories are in ${folder}`)
}

function reportOf(
  options: ChaosOptions,
  { servers, workers, temporal }: Stage,
  weather: Weather,
  judged: readonly Judged[],
): ChaosReport {
  const isFaulty = options.faults.includes('requests')
  return {
    kinds: options.kinds.map(({ name }) => {
      const own = judged.filter(({ played }) => played.part.kind.name === name)
      const unsure = own.filter(({ played }) => unknownIn(played) !== undefined).length
      return { name, runs: own.length, unsure, findings: own.map(({ findings }) => findings) }
    }),
    processFaults: weather.faults.entries,
    requestFaults: isFaulty ? added(servers.map(({ proxy }) => proxy.faults.entries)) : [],
    requests: servers.reduce((total, { proxy }) => total + proxy.requests, 0),
    unknown: judged.flatMap(({ played }) => unknownIn(played) ?? []),
    workersEnded: workers.ended.length,
    temporalEnded: temporal.ended.length,
  }
}

type Counts = readonly (readonly [name: string, times: number])[]

function added(all: readonly Counts[]): Counts {
  const totals = new Map<string, number>()
  for (const [name, times] of all.flat()) totals.set(name, (totals.get(name) ?? 0) + times)
  return [...totals]
}

async function main(): Promise<number> {
  const options = optionsOrWords()
  if (typeof options === 'string') {
    say(options)
    return options === help ? 0 : 1
  }
  const { runs, weatherMs, seed, servers, workers } = options
  say(`seed ${seed}: ${runs} runs, ${weatherMs / 60_000} min of faults, ${servers.join(' and ')}, ${workers} workers`)
  const lifetime = new Lifetime()
  try {
    const report = await chaos(options, lifetime)
    process.stdout.write(`${tables(report)}\n`)
    const problems = problemsOf(report)
    for (const problem of problems) say(`WRONG: ${problem}`)
    say(problems.length > 0 ? `the same faults again: --seed ${seed}` : 'all is right')
    return problems.length > 0 ? 1 : 0
  } catch (error) {
    if (error instanceof Interrupted) return error.exitCode
    say(inspect(error))
    return 1
  } finally {
    await lifetime.stopAll()
  }
}

function optionsOrWords(): ChaosOptions | string {
  try {
    return parseOptions(process.argv.slice(2)) ?? help
  } catch (error) {
    return `${messageOf(error)}: "npm run chaos -- --help" shows the options`
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

process.exit(await main())
