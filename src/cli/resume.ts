import type { Command } from 'commander'
import type { Json, ResumeInput, ResumeReceipt, WatchProgress } from '../client.ts'
import { answerTo } from './answer.ts'
import { CliError, exitCodes } from './exit.ts'
import { jsonTextHelp, readJson } from './json-text.ts'
import { jsonOption } from './options.ts'
import { describeQuestion, waitsForHuman } from './question.ts'
import type { FoundWorkflow, Temporal } from './temporal.ts'
import { addWhich, argumentsForEnded, named, progressOf, requireOurs, whatIsAsked } from './which-watch.ts'
import type { Asked, WhichOptions } from './which-watch.ts'
import { print, withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

type ResumeOptions = OutputOptions &
  WhichOptions & { readonly value?: string; readonly interruptId?: string; readonly yes?: boolean }

export function addResume(program: Command, world: World): void {
  const command = program
    .command('resume')
    .summary('answer the question that a run waits with')
    .description(
      'Answers a run that waits for a human, or lets it go on from a breakpoint. Its watch or execution must be open, with --on-interrupt wait.\nWithout --value it asks, on a terminal.',
    )
  addWhich(command)
    .option('--value <json>', `the answer: ${jsonTextHelp}`)
    .option('--interrupt-id <id>', 'which question, where several are open')
    .option('--yes', 'do not ask whether to send it')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: ResumeOptions) =>
      resume(world, whatIsAsked('resume', threadId, runId, options), options),
    )
}

async function resume(world: World, asked: Asked, options: ResumeOptions): Promise<void> {
  world.atCtrlC('Stopped: nothing was sent')
  const { value } = await readJson(world, { value: options.value })
  if (value === null) throw new CliError(exitCodes.usage, '--value is null: must be any other JSON')
  try {
    const receipt = await withTemporal(world, (temporal) => answered(world, temporal, asked, options, value))
    print(world, receipt, options)
    world.screen.say(nextStepAfter(receipt, asked))
  } finally {
    world.dialog?.close()
  }
}

async function answered(
  world: World,
  temporal: Temporal,
  asked: Asked,
  { interruptId, yes = false }: ResumeOptions,
  value: Json | undefined,
): Promise<ResumeReceipt> {
  const { watch, progress } = await openQuestion(temporal, asked)
  world.screen.say(describeQuestion(progress))
  const given: ResumeInput = {
    ...(value !== undefined && { value }),
    ...(interruptId !== undefined && { interruptId }),
  }
  const answer = await answerTo(progress, given, { dialog: world.dialog, say: (text) => world.screen.say(text), yes })
  world.atCtrlC(`Stopped looking. The answer was sent. To see: langgraph-runs status ${named(asked)}`)
  return temporal.byWorker(() => temporal.runs.resume({ workflowId: asked.workflowId }, answer), watch)
}

async function openQuestion(
  temporal: Temporal,
  asked: Asked,
): Promise<{ readonly watch: FoundWorkflow; readonly progress: WatchProgress }> {
  const watch = await temporal.find(asked.workflowId)
  if (!watch) {
    throw new CliError(
      exitCodes.error,
      asked.run
        ? `No watch of this run is open, so no answer is waited for. To answer it: langgraph-runs watch ${named(asked)} --on-interrupt wait, and beside that the same command`
        : `Temporal has no workflow "${asked.workflowId}": \`langgraph-runs list\` shows who waits for a human`,
    )
  }
  requireOurs(watch)
  if (!watch.isOpen) {
    throw new CliError(
      exitCodes.error,
      `It has ended, so no answer is waited for: langgraph-runs status ${named(asked)} shows how. To wait for the human that its run asks: langgraph-runs watch ${await argumentsForEnded(temporal, asked)} --on-interrupt wait`,
    )
  }
  const progress = await progressOf(temporal, watch)
  if (!waitsForHuman(progress)) {
    throw new CliError(
      exitCodes.error,
      `No answer is waited for: the phase is ${progress.phase}. langgraph-runs status ${named(asked)} shows more`,
    )
  }
  return { watch, progress }
}

function nextStepAfter({ open_interrupts, run_id }: ResumeReceipt, asked: Asked): string {
  if (open_interrupts > 0) {
    return `Taken. The run goes on when the other ${open_interrupts === 1 ? 'question is' : 'questions are'} answered too: langgraph-runs resume ${named(asked)}`
  }
  const goesOn = run_id === undefined ? 'The run goes on' : `The run goes on as ${run_id}`
  return `${goesOn}. To follow it: langgraph-runs watch ${named(asked)}`
}

const help = `
Examples:
  See what is asked, answer it, confirm:
  $ langgraph-runs resume --id order/4712

  In a script:
  $ langgraph-runs resume --id order/4712 --value '{"approved": true}' --yes
  $ langgraph-runs resume THREAD RUN --value '"a text"' --yes

  One of several questions:
  $ langgraph-runs resume THREAD RUN --interrupt-id 3f1c… --value 7

  On from a breakpoint, where nothing is asked:
  $ langgraph-runs resume THREAD RUN --yes

  Who waits for a human?
  $ langgraph-runs list`
