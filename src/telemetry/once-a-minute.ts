const quietMs = 60_000
const mostKinds = 1000

/**
 * Holds back what repeats.
 *
 * @returns tells of an entry of some kind how many like it were held back, or `undefined` if it is to be held back too
 */
export function onceAMinute(now: () => number = () => performance.now()): (kind: string) => number | undefined {
  const said = new Map<string, { readonly atMs: number; held: number }>()
  return (kind) => {
    const nowMs = now()
    const last = said.get(kind)
    if (last && nowMs - last.atMs < quietMs) {
      last.held += 1
      return undefined
    }
    if (said.size >= mostKinds) said.clear()
    said.set(kind, { atMs: nowMs, held: 0 })
    return last?.held ?? 0
  }
}
