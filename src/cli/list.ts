import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { present } from '../domain/json.ts'
import { deploymentName, duration, uuid } from '../domain/rules.ts'
import type { Rule } from '../domain/fields.ts'
import { withTemporal } from './context.ts'
import type { CommandContext, OutputOptions } from './context.ts'
import type { Filter } from './list/filter.ts'
import type { Listed } from './list/listed.ts'
import { keepShowing } from './list/live.ts'
import { answerTo } from './list/show.ts'
import type { Query } from './list/show.ts'
import { allWords, failedWords, openWords } from './list/states.ts'
import type { ListedState } from './list/states.ts'
import { table } from './list/table.ts'
import { Visibility } from './list/visibility.ts'
import { duration as withUnit, jsonOption, wholeNumber } from './options.ts'

interface ListOptions extends OutputOptions {
  readonly state?: readonly ListedState[]
  readonly waiting?: boolean
  readonly failed?: boolean
  readonly open?: boolean
  readonly thread?: string
  readonly assistant?: string
  readonly deployment?: string
  readonly since?: number
  readonly limit: number
  readonly wide?: boolean
  readonly watch?: boolean
}

export function addList(program: Command, context: CommandContext): void {
  program
    .command('list')
    .summary('list watches and executions: where they are, what they ask, why they failed')
    .description(
      'Lists the watches and the executions: the open ones first, then those that have ended, the newest first in each group.\nIt asks Temporal alone: no worker is needed.',
    )
    .option('--state <words>', 'only those in one of these states, such as human,outage (below)', states)
    .option('--waiting', 'only those that wait for a human, the longest first (= --state human)')
    .option('--failed', `only those that ended without a result (= --state ${failedWords.join(',')})`)
    .option('--open', 'only those that have not ended')
    .option('--thread <uuid>', 'only those of this LangGraph thread', given(uuid))
    .option('--assistant <assistant>', 'only executions of this assistant, as `execute` was given it')
    .addOption(
      new Option('--deployment <name>', 'only those on this LangGraph server').argParser(given(deploymentName)),
    )
    .option('--since <duration>', 'only what ended, or is open and started, within it, such as 24h', sinceMs)
    .option('--limit <n>', 'at most this many, 1-10000', wholeNumber(10_000), 20)
    .option('--wide', 'one line for each, with nothing cut; so it is if stdout is not a terminal')
    .option('--watch', 'show it again every 2 s; if stdout is not a terminal, when it has changed')
    .addOption(jsonOption())
    .addHelpText('after', help)
    .action((options: ListOptions) => list(context, options))
}

async function list(context: CommandContext, options: ListOptions): Promise<void> {
  const { waiting = false, limit, json = false } = options
  const query = { filter: filterOf(options), limit, longestFirst: waiting, isForPeople: !json }
  await withTemporal(context, async (temporal) => {
    const ask = () => answerTo(context, new Visibility(temporal), sinceNow(query, options))
    const inText = (rows: readonly Listed[]) => asText(context, rows, options)
    if (options.watch) return keepShowing(context, { ask, inText })
    const { rows, words } = await ask()
    if (json || rows.length > 0) context.print(inText(rows))
    for (const line of words) context.screen.say(line)
  })
}

/** States add up. */
function filterOf({ state = [], waiting, failed, open, thread, assistant, deployment }: ListOptions): Filter {
  const words = [
    ...state,
    ...(waiting ? ['human' as const] : []),
    ...(failed ? failedWords : []),
    ...(open ? openWords : []),
  ]
  const states = words.length > 0 ? [...new Set(words)] : undefined
  return present({ states, thread, assistant, deployment })
}

function sinceNow(query: Query, { since }: ListOptions): Query {
  return since === undefined ? query : { ...query, filter: { ...query.filter, since: new Date(Date.now() - since) } }
}

function asText({ window }: CommandContext, rows: readonly Listed[], { json, wide }: ListOptions): string {
  if (json) return JSON.stringify(rows)
  const columns = wide ? undefined : window?.size().columns
  return table(rows, { nowMs: Date.now(), ...present({ columns }) }).join('\n')
}

function states(text: string, earlier: readonly ListedState[] = []): ListedState[] {
  const words = text.split(',').map((name) => name.trim())
  const known = allWords.filter((word) => words.includes(word))
  if (known.length < new Set(words).size) throw new InvalidArgumentError(`States are ${allWords.join(', ')}.`)
  return [...earlier, ...known]
}

function given(rule: Rule<string>): (text: string) => string {
  return (text) => {
    const value = rule.read(text)
    if (value === undefined) throw new InvalidArgumentError(`It must be ${rule.allowed}.`)
    return value
  }
}

function sinceMs(text: string): number {
  const ms = duration.read(withUnit(text))
  if (ms === undefined) throw new InvalidArgumentError(`It must be ${duration.allowedAsText}.`)
  return ms
}

const help = `
States of an open one: creating, waiting, outage (three polls in a row got no answer), human (waits for a human),
backing_off (its run failed, and is to be continued), retrieving; or in Temporal's words, if it says nothing: running, paused.
How one has ended: success, no_result, error, timeout, interrupted, cancelled, polling_timeout, polling_error; or in
Temporal's words, if it could not say so itself: terminated, failed (such as for its input), timed_out, cancelled, completed.

Examples:
  $ langgraph-runs list
  $ langgraph-runs list --limit 100

  Who waits for a human, the longest first, and what is asked?
  $ langgraph-runs list --waiting

  What failed today, and why?
  $ langgraph-runs list --failed --since 24h

  What is open of one assistant, kept in view?
  $ langgraph-runs list --open --assistant trading --watch

  Where does a deployment not answer, and since when?
  $ langgraph-runs list --state outage

  The ids of all that are open, for a script:
  $ langgraph-runs list --open --limit 10000 --json | jq -r '.[].id'

  Which wait for longer than an hour?
  $ langgraph-runs list --waiting --limit 10000 --json |
      jq -r '.[] | select(.state_since < (now - 3600 | todate)) | .id'`
