import { canonicalJson } from './canonical.ts'
import type { StateNow } from './creation.ts'
import type { Interrupt } from './run.ts'

/**
 * What was asked, as the thread's state asks it now: an edit of the state gives a question another id.
 *
 * @returns the interrupts in the order in which they were asked; `undefined` if one of them is not asked any more
 */
export function asAskedNow(asked: StateNow, now: StateNow): readonly Interrupt[] | undefined {
  if (asked.interrupts.length === 0) return isSameBreakpoint(asked, now) ? [] : undefined
  const left = [...now.interrupts]
  const found = asked.interrupts.flatMap((interrupt) => {
    const byId = left.findIndex(({ id }) => id !== undefined && id === interrupt.id)
    const index = byId === -1 ? left.findIndex((other) => contentOf(other) === contentOf(interrupt)) : byId
    return index === -1 ? [] : left.splice(index, 1)
  })
  return found.length === asked.interrupts.length ? found : undefined
}

/** After an edit the nodes that asked are to run once more, and have not asked again yet. */
export function willAskAgain(asked: StateNow, now: StateNow): boolean {
  const nodes = asked.interrupts.map(({ node }) => node).filter((node) => node !== undefined)
  return nodes.length > 0 && now.interrupts.length === 0 && nodes.every((node) => now.next.includes(node))
}

function isSameBreakpoint(asked: StateNow, now: StateNow): boolean {
  return now.interrupts.length === 0 && canonicalJson(asked.next.toSorted()) === canonicalJson(now.next.toSorted())
}

function contentOf({ value, node }: Interrupt): string {
  return canonicalJson({ value, node })
}
