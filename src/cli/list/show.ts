import type { CommandContext } from '../context.ts'
import type { Listed } from './listed.ts'
import { read, waiting } from './read.ts'
import type { Count, Found } from './read.ts'
import type { Filter } from './filter.ts'
import type { Visibility } from './visibility.ts'

/** More than this a filter should not have to read. */
const fewPages = 3

export interface Query {
  readonly filter: Filter
  readonly limit: number
  readonly longestFirst: boolean
  readonly isForPeople: boolean
}

export interface Answer {
  readonly rows: readonly Listed[]
  /** For a person, beside the rows. */
  readonly words: readonly string[]
}

export async function answerTo(
  { screen }: Pick<CommandContext, 'screen'>,
  visibility: Visibility,
  query: Query,
): Promise<Answer> {
  const { filter, isForPeople } = query
  const onRead = (rows: number) => screen.show(() => `${inDigits(rows)} read`, undefined)
  const found = await read(visibility, filter, { ...query, onRead })
  screen.clear()
  const isFiltered = Object.keys(filter).length > 0
  const forHuman = isForPeople && !isFiltered ? await waiting(visibility, found) : undefined
  return { rows: found.rows, words: wordsFor(found, query, isFiltered, forHuman) }
}

function wordsFor(found: Found, query: Query, isFiltered: boolean, forHuman: Count | undefined): string[] {
  const { rows, total, pages, isExact } = found
  const isShort = total.count > rows.length || total.isAtLeast
  const which = rows.length === 0 ? noneOf(isFiltered) : `${inDigits(rows.length)} of ${inWords(total)}`
  const more = rows.length >= query.limit && isShort ? ' (--limit shows more)' : ''
  return [
    ...(query.isForPeople || isShort ? [`${which}${more}`] : []),
    ...(isExact || pages <= fewPages ? [] : [`${inDigits(found.read)} were read, in ${pages} pages: ${whyAll(query)}`]),
    ...(forHuman && forHuman.count > 0 ? [askedFor(forHuman)] : []),
  ]
}

function noneOf(isFiltered: boolean): string {
  return isFiltered ? 'None' : 'No watch yet. To start one: langgraph-runs watch THREAD RUN'
}

function whyAll({ filter }: Query): string {
  return filter.deployment === undefined
    ? 'this namespace lacks the search attributes LangGraph…, or some of the workflows do. A worker adds them'
    : 'no search attribute holds the deployment'
}

function askedFor(count: Count): string {
  const verb = count.count === 1 && !count.isAtLeast ? 'waits' : 'wait'
  return `${inWords(count)} ${verb} for a human: langgraph-runs list --waiting. To answer: langgraph-runs resume`
}

function inWords({ count, isAtLeast }: Count): string {
  return `${isAtLeast ? 'at least ' : ''}${inDigits(count)}`
}

function inDigits(count: number): string {
  return count.toLocaleString('en-US')
}
