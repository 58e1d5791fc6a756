import type { Client } from '@temporalio/client'
import type { Command } from 'commander'
import { workflowTypes } from '../domain/contract.ts'
import { withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import { lookCloser } from './look-closer.ts'
import type { Details, ListedWorkflow } from './look-closer.ts'
import { jsonOption, wholeNumber } from './options.ts'
import { timeSpan } from './readable.ts'
import { onOneLine, printable } from '../domain/printable.ts'

type ListOptions = OutputOptions & { readonly limit: number }

type Listed = Omit<ListedWorkflow, 'workflowRunId' | 'taskQueue' | 'historyBytes'> & Details

export function addList(program: Command, context: CommandContext): void {
  program
    .command('list')
    .summary('list the open and the recent watches and executions, and which ones wait for a human')
    .description(
      'Lists the watches and the executions: the open ones first, then those that have ended, the newest first in each group.',
    )
    .option('--limit <n>', 'at most this many, 1-1000', wholeNumber, 20)
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((options: ListOptions) => list(context, options))
}

async function list(context: CommandContext, { limit, json }: ListOptions): Promise<void> {
  const { all, causes } = await withTemporal(context, async (temporal) => {
    const found = await temporal.ask(() => newest(temporal.client, limit))
    const looked = await lookCloser(temporal, found)
    return { ...looked, all: found.map((one, index) => listed(one, looked.details[index])) }
  })
  if (json) context.print(JSON.stringify(all))
  else if (all.length > 0) context.print(all.map((one) => asLine(one, Date.now())).join('\n'))
  else context.screen.say('No watch yet. To start one: langgraph-runs watch THREAD RUN')
  const silent = all.filter(({ no_answer }) => no_answer).length
  if (silent > 0) {
    context.screen.say(`${silent} did not respond in time; they may be waiting for a human too: ${causes.join('; ')}`)
  }
  const waiting = all.filter(({ waits_for_human }) => waits_for_human).length
  if (!json && waiting > 0) {
    context.screen.say(
      `${waiting} ${waiting === 1 ? 'waits' : 'wait'} for a human. To answer: langgraph-runs resume --id ID`,
    )
  }
}

function listed(found: ListedWorkflow, details: Details = {}): Listed {
  const { workflowRunId: _, taskQueue: __, historyBytes: ___, ...fields } = found
  return { ...fields, ...details }
}

async function newest(client: Client, limit: number): Promise<ListedWorkflow[]> {
  const ofType = `WorkflowType IN ('${workflowTypes.watchRun}', '${workflowTypes.executeRun}')`
  const [open, ended] = await Promise.all([
    some(client, `${ofType} AND CloseTime IS NULL`, limit),
    some(client, `${ofType} AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'`, limit),
  ])
  return [...newestFirst(open, 'started'), ...newestFirst(ended, 'ended')].slice(0, limit)
}

/** Temporal sorts the open ones by their start and the others by their end, the newest first. */
async function some(client: Client, query: string, limit: number): Promise<ListedWorkflow[]> {
  const found: ListedWorkflow[] = []
  for await (const info of client.workflow.list({ query, pageSize: limit })) {
    const { workflowId: id, runId: workflowRunId, type, status, taskQueue, startTime, closeTime } = info
    const ended = closeTime && { ended: closeTime.toISOString() }
    const { name: state } = status
    const historyBytes = info.historySize ?? Infinity
    const started = startTime.toISOString()
    found.push({ id, workflowRunId, type, state, started, ...ended, taskQueue, historyBytes })
    if (found.length >= limit) break
  }
  return found
}

function newestFirst(found: readonly ListedWorkflow[], by: 'started' | 'ended'): ListedWorkflow[] {
  return found.toSorted((one, other) => (other[by] ?? '').localeCompare(one[by] ?? ''))
}

function asLine(one: Listed, nowMs: number): string {
  const { id, state, started, ended, phase, waits_for_human, polling_result, cancelled, run_id } = one
  const age = timeSpan((nowMs - Date.parse(started)) / 1000)
  const result = cancelled ? 'cancelled' : polling_result
  const how = waits_for_human ? 'WAITS FOR A HUMAN' : (phase ?? result ?? '')
  const columns = [
    state.padEnd(10),
    how.padEnd(20),
    `started ${started}`,
    (ended ? `ended ${ended}` : `open for ${age}`).padEnd(30),
    onOneLine(id),
    ...(run_id !== undefined && !id.includes(run_id) ? [onOneLine(`run ${run_id}`)] : []),
  ]
  return printable(columns.join('  '))
}

const help = `
Examples:
  $ langgraph-runs list
  $ langgraph-runs list --limit 100

  The ids of the open ones:
  $ langgraph-runs list --limit 1000 --json | jq -r '.[] | select(.ended | not) | .id'

  Which ones wait for a human?
  $ langgraph-runs list --limit 1000 --json | jq -r '.[] | select(.waits_for_human) | .id'`
