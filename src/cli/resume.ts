import type { Command } from 'commander'
import type { Json, ResumeInput, ResumeReceipt, WatchProgress } from '../client.ts'
import { untilProcessed } from '../client/until-processed.ts'
import { resumeUpdateName } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { answerTo } from './answer.ts'
import { print, withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import { CliError, exitCodes } from './exit.ts'
import { answerIn, textOf } from './json-text.ts'
import { jsonOption } from './options.ts'
import { describeQuestion, describeSeenQuestion, waitsForHuman } from './question.ts'
import type { FoundWorkflow } from './temporal-errors.ts'
import type { Temporal } from './temporal.ts'
import { addWhich, argumentsForEnded, lookAt, named, requireOurs, whichWatch } from './which-watch.ts'
import type { Look, WatchByName, WhichOptions } from './which-watch.ts'

type ResumeOptions = OutputOptions &
  WhichOptions & { readonly value?: string; readonly interruptId?: string; readonly yes?: boolean }

export function addResume(program: Command, context: CommandContext): void {
  const command = program
    .command('resume')
    .summary('answer the question that a run is waiting on')
    .description(
      'Answers a run that waits for a human, or continues it from a breakpoint. Its watch or execution must be open, with --on-interrupt wait.\nWithout --value it asks on a terminal.',
    )
  addWhich(command)
    .option('--value <answer>', 'the answer: JSON, or else a text; or @FILE, or - for stdin')
    .option('--interrupt-id <id>', 'which question, if several are open')
    .option('--yes', 'do not ask for confirmation, as before a run is continued from a breakpoint')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((threadId: string | undefined, runId: string | undefined, options: ResumeOptions) =>
      resume(context, whichWatch('resume', threadId, runId, options), options),
    )
}

async function resume(context: CommandContext, which: WatchByName, options: ResumeOptions): Promise<void> {
  context.atCtrlC('Stopped: nothing was sent')
  const value = options.value === undefined ? undefined : answerIn(await textOf(context, 'value', options.value))
  try {
    const receipt = await withTemporal(context, (temporal) => answer(context, temporal, which, options, value))
    print(context, receipt, options)
    context.screen.say(nextStepAfter(receipt, which))
  } finally {
    context.dialog?.close()
  }
}

async function answer(
  { screen, dialog, atCtrlC }: CommandContext,
  temporal: Temporal,
  which: WatchByName,
  { interruptId, yes = false }: ResumeOptions,
  value: Json | undefined,
): Promise<ResumeReceipt> {
  const { watch, progress } = await openQuestion(screen, temporal, which)
  screen.say(describeQuestion(progress))
  const given = present({ value, interruptId })
  requireClear(progress, given)
  const input = await answerTo(progress, given, { dialog, say: (text) => screen.say(text), yes })
  atCtrlC(`Detached. The answer was sent. To see what came of it: langgraph-runs status ${named(which)}`)
  const handle = temporal.handleOf(watch)
  return temporal.byWorker(
    () => untilProcessed(() => handle.executeUpdate<ResumeReceipt, [ResumeInput]>(resumeUpdateName, { args: [input] })),
    watch,
  )
}

async function openQuestion(
  screen: CommandContext['screen'],
  temporal: Temporal,
  which: WatchByName,
): Promise<{ readonly watch: FoundWorkflow; readonly progress: WatchProgress }> {
  const watch = await temporal.find(which.workflowId)
  if (!watch) {
    throw new CliError(
      exitCodes.error,
      which.run
        ? `This run has no open watch, so nothing waits for an answer. To answer it, start langgraph-runs watch ${named(which)} --on-interrupt wait, then repeat this command`
        : `Temporal has no workflow "${which.workflowId}": \`langgraph-runs list --waiting\` shows which ones wait for a human`,
    )
  }
  requireOurs(watch)
  if (!watch.isOpen) {
    throw new CliError(
      exitCodes.error,
      `It has ended, so it takes no answer: langgraph-runs status ${named(which)} shows how. To answer its run, start langgraph-runs watch ${await argumentsForEnded(temporal, watch)} --on-interrupt wait`,
    )
  }
  const look = await lookAt(temporal, watch)
  if (look.kind === 'memo') throw needsWorker(screen, look)
  const { progress } = look
  if (!waitsForHuman(progress)) {
    throw new CliError(
      exitCodes.error,
      `It does not wait for an answer: its phase is ${progress.phase}. langgraph-runs status ${named(which)} shows more`,
    )
  }
  return { watch, progress }
}

/** Shows the question all the same: somebody may want to think about it meanwhile. */
function needsWorker(screen: CommandContext['screen'], { seen, advice }: Extract<Look, { kind: 'memo' }>): CliError {
  const { state, state_since, question = '' } = seen
  if (state !== 'human') return new CliError(exitCodes.unavailable, advice)
  screen.say(describeSeenQuestion(question, state_since))
  return new CliError(exitCodes.unavailable, `A worker is needed to send the answer, and none responds. ${advice}`)
}

/** @throws CliError 3 for what the workflow would refuse, with the options' names */
function requireClear({ interrupts = [], truncated }: WatchProgress, { value, interruptId }: ResumeInput): void {
  if (interrupts.length === 0 && (value !== undefined || interruptId !== undefined)) {
    throw new CliError(exitCodes.error, 'A run at a breakpoint asks nothing: leave out --value and --interrupt-id')
  }
  const isOnlyOne = interrupts.length < 2 && !truncated
  if (isOnlyOne || value === undefined || interruptId !== undefined) return
  const ids = interrupts.map(({ id }) => (id === undefined ? 'one without an id (answer it in LangGraph)' : `"${id}"`))
  const message = `${truncated ? 'Several' : interrupts.length} questions are open; set --interrupt-id to one of ${ids.join(', ')}`
  throw new CliError(exitCodes.error, message)
}

function nextStepAfter({ open_interrupts, run_id }: ResumeReceipt, which: WatchByName): string {
  if (open_interrupts > 0) {
    return `Taken. The run continues once the other ${open_interrupts === 1 ? 'question is' : 'questions are'} answered too: langgraph-runs resume ${named(which)}`
  }
  const continues = run_id === undefined ? 'The run continues' : `The run continues as ${run_id}`
  return `${continues}. To follow it: langgraph-runs watch ${named(which)}`
}

const help = `
Examples:
  See what is asked, answer it, confirm:
  $ langgraph-runs resume --id order/4712

  In a script:
  $ langgraph-runs resume --id order/4712 --value yes
  $ langgraph-runs resume THREAD RUN --value '{"approved": true}'

  One of several questions:
  $ langgraph-runs resume THREAD RUN --interrupt-id 3f1c… --value 7

  Continue from a breakpoint, where nothing is asked:
  $ langgraph-runs resume THREAD RUN --yes

  Which runs wait for a human, and what do they ask?
  $ langgraph-runs list --waiting`
