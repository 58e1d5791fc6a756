import { runMemoKey } from '../domain/contract.ts'
import { defaultDeployment, maxAttributeBytes } from '../domain/defaults.ts'
import type { RunRequest } from '../domain/input.ts'
import { present } from '../domain/json.ts'
import { codeSpan, onOneLine, quoted } from '../domain/printable.ts'
import type { RunRef } from '../domain/run.ts'
import type { WatchMemo } from '../domain/state.ts'
import { bounded } from '../domain/text.ts'

/** What a workflow is started with for those who look at it, which costs no event. */
interface ShownAtStart {
  readonly memo: Readonly<Record<string, WatchMemo>>
  /** One line in the Web UI. */
  readonly staticSummary: string
  /** Markdown in the Web UI. */
  readonly staticDetails: string
}

/** Temporal refuses a start whose summary takes more than 400 bytes, also if they are encrypted. */
const maxSummaryBytes = 200

export function shownOfWatch({ deployment, threadId, runId }: RunRef): ShownAtStart {
  const run = `${threadId} ${runId}${option('deployment', deployment, defaultDeployment)}`
  return {
    memo: { [runMemoKey]: { deployment, thread_id: threadId, run_id: runId, state: 'waiting' } },
    staticSummary: summary(`run ${runId} on ${deployment}`),
    staticDetails: [
      `Waits for the run ${codeSpan(runId)} of thread ${codeSpan(threadId)} on deployment ${codeSpan(deployment)}.`,
      ...commands(run, `langgraph-runs watch ${run}`),
    ].join('\n\n'),
  }
}

export function shownOfExecution(workflowId: string, { deployment, threadId, run }: RunRequest): ShownAtStart {
  const assistant = bounded(run.assistantId, maxAttributeBytes)
  const thread = threadId === undefined ? 'a thread of its own' : `thread ${codeSpan(threadId)}`
  const id = `--id ${quoted(workflowId)}`
  return {
    memo: { [runMemoKey]: { deployment, ...present({ thread_id: threadId }), assistant, state: 'creating' } },
    staticSummary: summary(`${assistant} on ${deployment}: ${workflowId}`),
    staticDetails: [
      `Runs the assistant ${codeSpan(assistant)} on deployment ${codeSpan(deployment)}, on ${thread}.`,
      ...commands(id, `langgraph-runs watch ${id}`),
    ].join('\n\n'),
  }
}

function commands(which: string, follow: string): string[] {
  return [
    `- follow it: ${codeSpan(follow)}\n- answer its question: ${codeSpan(`langgraph-runs resume ${which}`)}\n- cancel its run: ${codeSpan(`langgraph-runs cancel ${which}`)}`,
  ]
}

function option(name: string, value: string, byDefault: string): string {
  return value === byDefault ? '' : ` --${name} ${value}`
}

function summary(text: string): string {
  return bounded(onOneLine(text), maxSummaryBytes)
}
