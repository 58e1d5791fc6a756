import type { Client } from '@temporalio/client'
import type { Command } from 'commander'
import { workflowTypes } from '../domain/contract.ts'
import { jsonOption, wholeNumber } from './options.ts'
import { withTemporal } from './world.ts'
import type { OutputOptions, World } from './world.ts'

type ListOptions = OutputOptions & { readonly limit: number }

interface ListedWatch {
  readonly id: string
  /** As Temporal names it: RUNNING, COMPLETED, FAILED, … */
  readonly state: string
  /** ISO 8601 UTC. */
  readonly started: string
  readonly ended?: string
}

export function addList(program: Command, world: World): void {
  program
    .command('list')
    .summary('list the open and the recent watches')
    .description('Lists the watches: the open ones first, then those that have ended, each the newest first.')
    .option('--limit <n>', 'at most this many, 1-1000', wholeNumber, 20)
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((options: ListOptions) => list(world, options))
}

async function list(world: World, { limit, json }: ListOptions): Promise<void> {
  const watches = await withTemporal(world, (temporal) => temporal.ask(() => newestWatches(temporal.client, limit)))
  if (json) world.print(JSON.stringify(watches))
  else if (watches.length > 0) world.print(watches.map(onOneLine).join('\n'))
  else world.screen.say('No watch yet. To make one: langgraph-runs watch THREAD RUN')
}

async function newestWatches(client: Client, limit: number): Promise<ListedWatch[]> {
  const ofType = `WorkflowType = '${workflowTypes.watchRun}'`
  const [open, ended] = await Promise.all([
    some(client, `${ofType} AND CloseTime IS NULL`, limit),
    some(client, `${ofType} AND CloseTime IS NOT NULL AND ExecutionStatus != 'ContinuedAsNew'`, limit),
  ])
  return [...newestFirst(open, 'started'), ...newestFirst(ended, 'ended')].slice(0, limit)
}

/** Temporal gives the open ones by their start, and the others by their end, the newest first. */
async function some(client: Client, query: string, limit: number): Promise<ListedWatch[]> {
  const watches: ListedWatch[] = []
  for await (const { workflowId, status, startTime, closeTime } of client.workflow.list({ query, pageSize: limit })) {
    const ended = closeTime && { ended: closeTime.toISOString() }
    watches.push({ id: workflowId, state: status.name, started: startTime.toISOString(), ...ended })
    if (watches.length >= limit) break
  }
  return watches
}

function newestFirst(watches: readonly ListedWatch[], by: 'started' | 'ended'): ListedWatch[] {
  return watches.toSorted((one, other) => (other[by] ?? '').localeCompare(one[by] ?? ''))
}

function onOneLine({ id, state, started, ended }: ListedWatch): string {
  return [state.padEnd(10), `started ${started}`, ended ? `ended ${ended}` : 'open'.padEnd(30), id].join('  ')
}

const help = `
Examples:
  $ langgraph-runs list
  $ langgraph-runs list --limit 100

  The ids of the open ones:
  $ langgraph-runs list --limit 1000 --json | jq -r '.[] | select(.ended | not) | .id'`
