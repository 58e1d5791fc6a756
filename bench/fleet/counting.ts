import { sweepingIn } from '../figures.ts'
import type { Contestant } from './contestants.ts'
import type { ScriptedServer } from './langgraph.ts'
import type { Replacing } from './options.ts'
import { cpuMsOf, rssKbOf } from './processes.ts'

export interface Field {
  readonly contestant: Contestant
  readonly langGraph: ScriptedServer
  readonly replacing: Replacing | undefined
}

/** What the workers, Temporal, and its database take. */
export interface Parts {
  readonly worker: number
  readonly server: number
  readonly database: number
}

/** @returns what was used and asked since, when it is called */
export async function beginCounting({ contestant, langGraph, replacing }: Field) {
  const beganAtMs = Date.now()
  const [cpuBefore, before] = [cpu(contestant), await requestsOf(contestant, langGraph)]
  const endReplacing = replacing && beginReplacing(contestant, replacing)
  return async () => {
    await endReplacing?.()
    const [cpuAfter, after] = [cpu(contestant), await requestsOf(contestant, langGraph)]
    const countOf = (kind: string) => (after.byKind.get(kind) ?? 0) - (before.byKind.get(kind) ?? 0)
    return {
      cpuMs: difference(cpuAfter, cpuBefore),
      countedMs: Date.now() - beganAtMs,
      requests: Object.fromEntries([...after.byKind.keys()].map((kind) => [kind, countOf(kind)])),
      sweeping: sweepingIn(after.searches.filter(({ atMs }) => atMs >= beganAtMs)),
    }
  }
}

/** One after the other, also if one takes longer. @returns what ends it */
function beginReplacing({ workers }: Contestant, { how, everyMs }: Replacing): () => Promise<void> {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= workers.replace(how).finally(() => {
      running = undefined
    })
  }, everyMs)
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** How often runs were polled so far. */
export async function pollsOf(contestant: Contestant, langGraph: ScriptedServer): Promise<number> {
  const { byKind } = await requestsOf(contestant, langGraph)
  return byKind.get('run') ?? 0
}

async function requestsOf({ name }: Contestant, langGraph: ScriptedServer) {
  const { requests, searches } = await langGraph.report()
  const byKind = new Map<string, number>()
  for (const [key, counts] of Object.entries(requests)) {
    if (!key.startsWith(name)) continue
    for (const [kind, count] of Object.entries(counts)) byKind.set(kind, (byKind.get(kind) ?? 0) + count)
  }
  return { byKind, searches: searches.filter(({ key }) => key.startsWith(name)) }
}

function cpu({ workers, server }: Contestant): Parts {
  const { pid, databasePid } = server ?? {}
  return {
    worker: workers.cpuMs,
    server: pid === undefined ? 0 : cpuMsOf(pid),
    database: databasePid === undefined ? 0 : cpuMsOf(databasePid),
  }
}

/** Without the database, most of whose memory is shared by its processes, and fixed. */
export function memory({ workers, server }: Contestant): Parts {
  return { worker: workers.rssKb, server: server ? rssKbOf(server.pid) : 0, database: 0 }
}

function difference(after: Parts, before: Parts): Parts {
  return {
    worker: after.worker - before.worker,
    server: after.server - before.server,
    database: after.database - before.database,
  }
}
