import type { Command } from 'commander'
import type { CommandContext, OutputOptions } from './context.ts'
import { askWorker } from './doctor/ask-worker.ts'
import type { Answer } from './doctor/ask-worker.ts'
import { asText, failed, tried } from './doctor/check.ts'
import type { Check } from './doctor/check.ts'
import { searchAttributesThere, temporalAndNamespace } from './doctor/namespace.ts'
import { openWatches } from './doctor/open-watches.ts'
import { payloadsOf } from './doctor/payloads.ts'
import { resultStoreOf } from './doctor/result-store.ts'
import { sweepsOf } from './doctor/sweeps.ts'
import { answered } from './doctor/worker-report.ts'
import { workersAt } from './doctor/workers.ts'
import { asCliError, exitCodes } from './exit.ts'
import type { ExitCode } from './exit.ts'
import { jsonOption } from './options.ts'
import type { Temporal } from './temporal.ts'

/** All looks together end before 15 s are over: to connect and to see the namespace may take 5 s each. */
const longestMs = 14_000
const longestAnswerMs = 8000
const shortestAnswerMs = 2000

interface Examination {
  readonly checks: readonly Check[]
  readonly exitCode: ExitCode
}

export function addDoctor(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .summary('check Temporal, the workers and their LangGraph servers, and say what to do')
    .description(
      'Checks Temporal, its namespace, the workers, and by one of them its LangGraph servers, the sweep, the webhook receiver, the result store and the keys of payloads. Says of each whether it is ok, and otherwise what to do. Takes 15 s at most.',
    )
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((options: OutputOptions) => doctor(context, options))
}

async function doctor(context: CommandContext, { json }: OutputOptions): Promise<void> {
  const endsAtMs = performance.now() + longestMs
  const { checks, exitCode } = await examined(context, endsAtMs)
  context.endWith(exitCode)
  const isOk = exitCode === exitCodes.result
  context.print(json ? JSON.stringify({ ok: isOk, checks }) : asText(checks))
  if (!json && !isOk) context.screen.say('Something is wrong: the lines that begin with "failed" say what to do')
}

async function examined(context: CommandContext, endsAtMs: number): Promise<Examination> {
  let temporal: Temporal
  try {
    temporal = await context.connect()
  } catch (error) {
    return unusable('temporal', error)
  }
  try {
    const first = await temporalAndNamespace(temporal)
    const checks = [...first, ...(await others(temporal, endsAtMs))]
    const hasFailed = checks.some(({ status }) => status === 'failed')
    return { checks, exitCode: hasFailed ? exitCodes.unforeseen : exitCodes.result }
  } catch (error) {
    return unusable('namespace', temporal.explain(error))
  }
}

/** There is nothing else to look at. */
function unusable(check: string, error: unknown): Examination {
  const { message, exitCode } = asCliError(error)
  const checks = [failed(check, 'cannot be used', message)]
  return { checks, exitCode: exitCode === exitCodes.unavailable ? exitCode : exitCodes.unforeseen }
}

async function others(temporal: Temporal, endsAtMs: number): Promise<readonly Check[]> {
  const throughWorker = throughWorkers(temporal, endsAtMs)
  const report = throughWorker.then(({ answer }) => (answer?.kind === 'report' ? answer.report : undefined))
  const [attributes, byWorkers, watches] = await Promise.all([
    tried('search attributes', () =>
      searchAttributesThere(
        temporal,
        report.catch(() => undefined),
      ),
    ),
    tried('workers', async () => (await throughWorker).checks),
    tried('open watches', async () => [await openWatches(temporal)]),
  ])
  return [...attributes, ...byWorkers, ...watches]
}

interface ThroughWorkers {
  readonly checks: readonly Check[]
  /** Absent if no worker could be asked. */
  readonly answer?: Answer
}

async function throughWorkers(temporal: Temporal, endsAtMs: number): Promise<ThroughWorkers> {
  const { checks, canAnswer } = await workersAt(temporal)
  if (!canAnswer) return { checks }
  const leftMs = Math.min(longestAnswerMs, endsAtMs - performance.now())
  const answer = await askWorker(temporal, Math.max(leftMs, shortestAnswerMs))
  return { checks: [...checks, ...answered(answer, temporal), ...(await compared(answer, temporal))], answer }
}

/** What the worker said, beside what is seen from here. */
async function compared(answer: Answer, temporal: Temporal): Promise<readonly Check[]> {
  if (answer.kind !== 'report') return []
  const { report } = answer
  const [sweeps, store] = await Promise.all([
    tried('sweep', () => sweepsOf(temporal, report)),
    tried('result store', async () => [await resultStoreOf(temporal, report)]),
  ])
  return [...sweeps, ...store, ...payloadsOf(temporal, report)]
}

const help = `
Exit code: 0 if nothing failed (warnings may be there), 1 if something did, 69 if Temporal does not answer.

Of several workers, one answers for all: it is named in the line "a worker asked".

Examples:
  $ langgraph-runs doctor
  $ langgraph-runs doctor --json | jq '.checks[] | select(.status != "ok")'`
