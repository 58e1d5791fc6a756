import type { Cancellation } from '../domain/creation.ts'
import { defaultDeployment } from '../domain/defaults.ts'
import type { WatchOutcome, WatchProgress } from '../domain/outcome.ts'
import { codeBlock, codeSpan, quoted } from '../domain/printable.ts'
import { questionText } from '../domain/question-text.ts'
import type { RunRef } from '../domain/run.ts'
import { stateOf } from '../domain/state.ts'
import { wrapped } from '../domain/wrapped.ts'
import { count, reason } from './outcomes.ts'

// For the Web UI, as markdown: what to do comes first.

/** The Web UI shows this much of a question; the query `progress` has all of it. */
const maxShownBytes = 4096
/** The Web UI cuts longer lines of a block, in a window of 1280 pixels. */
const shownColumns = 56

/** What a watch knows of itself beside its progress. */
export interface About {
  readonly workflowId: string
  readonly deployment: string
  readonly run?: RunRef | undefined
  readonly links?: readonly string[] | undefined
  /** With `retry`. */
  readonly maximumAttempts?: number | undefined
  /** The polls in a row without an answer. */
  readonly outage?: { readonly inARow: number; readonly since: string } | undefined
}

/** An open watch. */
export function describe(shown: WatchProgress, about: About): string {
  const { state, status, poll_count, next_poll_at, last_error, updated_at, run_id, thread_id, interrupts, next } = shown
  return [
    ...whatToDo(shown, about),
    interrupts && `before ${codeSpan(next?.join(', ') ?? '')}, until ${shown.human_deadline_at ?? 'somebody answers'}`,
    run_id && `run ${codeSpan(run_id)} of thread ${codeSpan(thread_id ?? '')}`,
    status && `run status: ${codeSpan(status)}${updated_at ? `, unchanged since ${updated_at}` : ''}`,
    next_poll_at && `next poll: ${next_poll_at}${shown.swept ? ', or when the sweep sees a change' : ''}`,
    shown.attempt && state !== 'backing_off' && `attempt ${shown.attempt} of ${about.maximumAttempts}`,
    last_error && state !== 'outage' && state !== 'backing_off' && `last poll got no answer: ${codeSpan(last_error)}`,
    shown.answer_refused && `the last answer was refused: ${codeSpan(shown.answer_refused)}`,
    count(poll_count, 'poll'),
    pages(about),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function whatToDo(shown: WatchProgress, { workflowId, deployment, outage, maximumAttempts }: About): string[] {
  const { state = 'waiting' } = shown
  switch (state) {
    case 'human': {
      const { interrupts = [], next, truncated } = shown
      const verb = interrupts.length === 0 ? 'Continue it' : 'Answer it'
      return [
        `**${verb}**: ${codeSpan(`langgraph-runs resume --id ${quoted(workflowId)}`)}`,
        block(questionText({ interrupts, next }, maxShownBytes)),
        ...(truncated ? ['and more, too large to show: LangGraph has all questions'] : []),
      ]
    }
    case 'outage':
      return [
        `**Check the deployment ${codeSpan(deployment)}**: no answer since ${outage?.since} (${count(outage?.inARow ?? 0, 'try', 'tries')} in a row). The watch continues by itself`,
        block(shown.last_error ?? ''),
      ]
    case 'backing_off': {
      const { attempt, next_attempt_at } = shown
      const which = `attempt ${attempt} of ${maximumAttempts}`
      return [
        next_attempt_at
          ? `**To continue it now**: ${codeSpan(`langgraph-runs wake --id ${quoted(workflowId)}`)}`
          : `**Nothing to do**: the run of ${which} is being created`,
        `the run has failed, and is continued from where it failed: ${which}${next_attempt_at ? ` at ${next_attempt_at}` : ''}`,
        block(shown.last_error ?? ''),
      ]
    }
    case 'creating':
      return ['**Nothing to do**: the run is being created']
    case 'retrieving':
      return ['**Nothing to do**: the run has ended, and its result is being retrieved']
    case 'waiting':
      return ['**Nothing to do**: the run is waited for']
    // That is `describeEnd`.
    case 'success':
    case 'no_result':
    case 'error':
    case 'timeout':
    case 'interrupted':
    case 'cancelled':
    case 'polling_timeout':
    case 'polling_error':
      return []
  }
}

/** A watch that has ended. It leaves out the values, which may be large, and which the result shows. */
export function describeEnd(outcome: WatchOutcome, about: About): string {
  const { polling_result, status, polling_metadata } = outcome
  const by = 'retrieval_metadata' in outcome ? outcome.retrieval_metadata.strategy_used : undefined
  const why = reason(outcome)
  return [
    nextStep(outcome, about),
    `**${polling_result}**, run status ${codeSpan(status)}, ${count(polling_metadata.poll_count, 'poll')}`,
    by && `result found by \`${by}\``,
    why && block(why),
    pages(about),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function nextStep(outcome: WatchOutcome, { workflowId, run, deployment }: About): string | undefined {
  const elsewhere = deployment === defaultDeployment ? '' : ` --deployment ${quoted(deployment)}`
  const which = run && `${run.threadId} ${run.runId}${elsewhere}`
  const watch = which && codeSpan(`langgraph-runs watch ${which}`)
  switch (stateOf(outcome)) {
    case 'no_result':
      return which && `**Try again**: ${codeSpan(`langgraph-runs retrieve ${which}`)}`
    case 'error':
      return which && `**Fix what the error says**, then continue it: ${codeSpan(`langgraph-runs retry ${which}`)}`
    case 'timeout':
      return "**Give the run more time**: LangGraph's own limit for background runs has ended it"
    case 'interrupted':
      return which && `**To answer it here**: ${codeSpan(`langgraph-runs watch ${which} --on-interrupt wait`)}`
    case 'polling_timeout':
      return watch && `**To keep waiting**: ${watch}`
    case 'polling_error':
      return watch
        ? `**Fix what the error says**, then ${watch}`
        : `**Fix what the error says**, then start ${codeSpan(workflowId)} again`
    // Nothing is left to do.
    case 'success':
    case 'cancelled':
    // No outcome ends so.
    case 'creating':
    case 'waiting':
    case 'outage':
    case 'human':
    case 'backing_off':
    case 'retrieving':
      return undefined
  }
}

/** What became of the run of a cancelled workflow. */
export function describeCancellation({ result, run_id, status, error }: Cancellation): string {
  const of = [
    run_id && `run ${codeSpan(run_id)}`,
    status && `last status ${codeSpan(status)}`,
    error && codeSpan(error),
  ].filter(Boolean)
  return [`the workflow was cancelled; the run: **${result}**`, ...of].join('\n\n')
}

/** A watch that has failed without an outcome. */
export function describeFailure(message: string): string {
  return `**The watch has failed**, and has no outcome:\n\n${block(message)}`
}

function pages({ links = [] }: About): string | undefined {
  return links.length === 0 ? undefined : links.map((link) => `[${labelOf(link)}](${link})`).join(' · ')
}

function labelOf(link: string): string {
  if (link.includes('/studio/thread/')) return 'LangGraph Studio'
  return /\/projects\/p\/[^/]+\/r\//.test(link) ? 'LangSmith' : (link.split('/')[2] ?? link)
}

function block(text: string): string {
  return codeBlock(wrapped(text, shownColumns), 'text')
}
