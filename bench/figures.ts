/** @returns the sample that `percent` of all are below; a sample that never came is `Infinity` */
export function percentile(samples: readonly number[], percent: number): number {
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? Number.NaN
}

/** The first line is the head; all columns but the first are numbers. */
export function markdownTable([head = [], ...lines]: readonly (readonly (string | number)[])[]): string {
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'))
  return [head, rule, ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** One request of a sweep, which asks for up to 1,000 threads, as the LangGraph server saw it. */
export interface Search {
  /** Who asked: each worker has a key of its own. */
  readonly key: string
  readonly atMs: number
  readonly threads: number
}

/** The requests of one round follow each other at once; rounds are `SWEEP_INTERVAL` apart. */
const longestPauseInRoundMs = 500
/** A worker that has not asked for so long sweeps no longer. */
const longestPauseInSweepMs = 5000

export interface Sweeping {
  readonly rounds: number
  readonly requests: number
  /** How many workers swept at the same time, at most. */
  readonly mostAtOnce: number
}

export function sweepingIn(searches: readonly Search[]): Sweeping {
  const keys = [...new Set(searches.map(({ key }) => key))]
  const times = keys.map((key) =>
    searches.flatMap((search) => (search.key === key ? [search.atMs] : [])).toSorted((a, b) => a - b),
  )
  return {
    rounds: times.flatMap((own) => spans(own, longestPauseInRoundMs)).length,
    requests: searches.length,
    mostAtOnce: mostAtOnce(times.flatMap((own) => spans(own, longestPauseInSweepMs))),
  }
}

interface Span {
  readonly beginMs: number
  readonly endMs: number
}

/** Cuts ordered times into spans, at each pause that is longer than this. */
function spans(timesMs: readonly number[], longestPauseMs: number): readonly Span[] {
  const cuts = timesMs.flatMap((ms, n) => (n === 0 || ms - (timesMs[n - 1] ?? ms) > longestPauseMs ? [n] : []))
  return cuts.map((from, n) => {
    const own = timesMs.slice(from, cuts[n + 1])
    return { beginMs: own[0] ?? 0, endMs: own.at(-1) ?? 0 }
  })
}

function mostAtOnce(all: readonly Span[]): number {
  const atBegins = all.map(
    ({ beginMs }) => all.filter((span) => span.beginMs <= beginMs && beginMs <= span.endMs).length,
  )
  return Math.max(0, ...atBegins)
}
