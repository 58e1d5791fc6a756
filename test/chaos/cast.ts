import { v5 as uuidV5 } from 'uuid'
import { chanceOf, Deck } from './chance.ts'
import type { Kind } from './kinds.ts'
import type { ChaosOptions } from './options.ts'
import type { Part } from './play.ts'
import type { ChaosServer } from './servers.ts'

/** Which runs there are, in the order of their starts. */
export function partsOf(
  { runs, kinds, seed }: ChaosOptions,
  servers: readonly [ChaosServer, ...ChaosServer[]],
): readonly Part[] {
  const deck = new Deck<Kind>(kinds, chanceOf(seed, 'kinds'))
  const before = new Map<Kind, number>()
  return Array.from({ length: runs }, (_, n) => {
    const kind = deck.draw()
    const ofKind = before.get(kind) ?? 0
    before.set(kind, ofKind + 1)
    const group = Math.floor(ofKind / (kind.onOneThread ?? 1))
    const server = servers[(group + kinds.indexOf(kind)) % servers.length] ?? servers[0]
    const thread = kind.onOneThread === undefined ? {} : { threadId: threadOf(seed, kind, group) }
    return { kind, server, symbol: `${seed}-${n + 1}`, ...thread }
  })
}

function threadOf(...words: readonly [seed: string, kind: Kind, group: number]): string {
  const [seed, { name }, group] = words
  return uuidV5([seed, name, group].join('/'), uuidV5.URL)
}
