import { runPlanted } from './planted-worker.ts'

/** Nobody finds the run that an earlier try has created: every list of a thread's runs is empty. */
const list = /\/threads\/[^/]+\/runs(\?|$)/
const { fetch: send } = globalThis
globalThis.fetch = async (input, init) => {
  const isLookup = (init?.method ?? 'GET') === 'GET' && list.test(new Request(input).url)
  return isLookup ? Response.json([]) : send(input, init)
}

await runPlanted(() => ({}))
