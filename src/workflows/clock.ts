// The only file that reads the clock, because no command may hang on it. A worker that first answers a query replays a
// timer that has fired with the clock of the step before; a later replay has the right one, and a command that was decided
// by the clock would not be there again. So what happened decides: a timer that fired, an answer, a count. The clock is
// for what is shown or remembered, and for how long a timer may run, which a replay does not compare.

const nearDeadlineMs = 1000

/** For a person, ISO 8601 UTC. */
export function iso(ms: number): string {
  return new Date(ms).toISOString()
}

/** Of a time that a server has named. */
export function msOf(time: string): number {
  return Date.parse(time)
}

/** For the memory, an outcome or a query; no step is decided by it. */
export function momentMs(): number {
  return Date.now()
}

/** How long a timer runs until then: a text, so that nothing is decided by it. */
export function lengthUntil(ms: number): `${number}ms` {
  return `${Math.max(Math.ceil(ms - Date.now()), 1)}ms`
}

/**
 * How long a sleep lasts: clearly longer than the deadline if it would end close to it or later. So the deadline ends it,
 * which saves a poll, and two timers that fire at once, of which one is cancelled.
 */
export function sleepLength(ms: number, deadlineMs: number): `${number}ms` {
  const leftMs = deadlineMs - Date.now()
  return `${ms > leftMs - nearDeadlineMs ? Math.max(ms, Math.ceil(leftMs)) + 2 * nearDeadlineMs : ms}ms`
}

/** How long a try may take: until then, within these bounds. A text again. */
export function tryLength(untilMs: number, { leastMs, mostMs }: { leastMs: number; mostMs: number }): `${number}ms` {
  return `${Math.min(Math.max(Math.ceil(untilMs - Date.now()), leastMs), mostMs)}ms`
}
