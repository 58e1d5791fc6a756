import {
  attributesQuery,
  every,
  isDecidedByQuery,
  matches,
  queryWithoutAttributes,
  waitingForHuman,
  withoutAttributes,
} from './filter.ts'
import type { Filter } from './filter.ts'
import type { Listed } from './listed.ts'
import type { Visibility } from './visibility.ts'

export interface Found {
  readonly rows: readonly Listed[]
  readonly total: Count
  /** How many rows came, and in how many pages. */
  readonly read: number
  readonly pages: number
  /** Whether the query itself chose the rows. */
  readonly isExact: boolean
}

/** A number of watches, or that there are at least so many. */
export interface Count {
  readonly count: number
  readonly isAtLeast: boolean
}

interface Options {
  readonly limit: number
  /** The ones that are in their state for the longest time, which takes all of them. */
  readonly longestFirst: boolean
  /** While it reads on. */
  readonly onRead?: (read: number) => void
}

/** Reads as few pages as give the first `limit`. Every row is checked, whatever the query promised. */
export async function read(visibility: Visibility, filter: Filter, options: Options): Promise<Found> {
  const { limit, longestFirst } = options
  const { query, isExact, total } = await plan(visibility, filter)
  const wanted = longestFirst ? Infinity : limit
  const found: Listed[] = []
  let [rowsRead, pages] = [0, 0]
  let next: Uint8Array | undefined
  do {
    const page = await visibility.page(query, isExact ? wanted - found.length : Infinity, next)
    next = page.next
    rowsRead += page.rows.length
    pages += 1
    found.push(...page.rows.filter((row) => matches(filter, row)))
    if (next && found.length < wanted) options.onRead?.(rowsRead)
  } while (next && found.length < wanted)
  const rows = longestFirst ? found.toSorted((one, other) => one.state_since.localeCompare(other.state_since)) : found
  return {
    rows: rows.slice(0, limit),
    // Visibility may count one that started or ended meanwhile.
    total: next ? { ...total, count: Math.max(total.count, found.length) } : { count: found.length, isAtLeast: false },
    read: rowsRead,
    pages,
    isExact,
  }
}

interface Plan {
  readonly query: string
  /** Whether each row of the query is wanted. */
  readonly isExact: boolean
  readonly total: Count
}

async function plan(visibility: Visibility, filter: Filter): Promise<Plan> {
  const all = queryWithoutAttributes(filter)
  const byAttributes = attributesQuery(filter)
  const isExact = isDecidedByQuery(filter)
  const counted = async (query: string, isAtLeast: boolean): Promise<Count> => ({
    count: isExact ? await visibility.count(query) : 0,
    isAtLeast,
  })
  if (byAttributes === undefined) return { query: all, isExact, total: await counted(all, !isExact) }
  if (!(await visibility.hasAttributes())) {
    return { query: all, isExact: false, total: { count: 0, isAtLeast: true } }
  }
  const chosen = every([all, byAttributes])
  const others = await visibility.count(every([all, withoutAttributes]))
  if (others === 0) return { query: chosen, isExact, total: await counted(chosen, !isExact) }
  const query = every([all, `((${byAttributes}) OR ${withoutAttributes})`])
  return { query, isExact: false, total: await counted(chosen, true) }
}

/** How many wait for a human, whatever is listed. */
export async function waiting(visibility: Visibility, { rows, total }: Found): Promise<Count> {
  let counted = 0
  if (await visibility.hasAttributes()) {
    const open = queryWithoutAttributes({ states: ['human'] })
    const [count = 0, others] = await Promise.all(
      [waitingForHuman, withoutAttributes].map((which) => visibility.count(every([open, which]))),
    )
    if (others === 0) return { count, isAtLeast: false }
    counted = count
  }
  // Open ones come first: one that has ended comes after all that wait.
  const hasAllOpen = total.count <= rows.length || rows.some(({ ended }) => ended !== undefined)
  return { count: Math.max(counted, rows.filter(({ state }) => state === 'human').length), isAtLeast: !hasAllOpen }
}
