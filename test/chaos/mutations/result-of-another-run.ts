import type { Retrieved } from '../../../src/domain/retrieved.ts'
import { runPlanted } from './planted-worker.ts'

/** Every retrieval brings what the first one found. */
await runPlanted((activities) => {
  let first: Retrieved | undefined
  async function ofFirst<T extends Retrieved>(retrieving: Promise<T>): Promise<T> {
    const own = await retrieving
    if (own.found === 'values') first ??= own
    return { ...own, ...first }
  }
  return {
    retrieveStreamValues: (request) => ofFirst(activities.retrieveStreamValues(request)),
    retrieveThreadState: (request) => ofFirst(activities.retrieveThreadState(request)),
    retrieveJoinStream: (request) => ofFirst(activities.retrieveJoinStream(request)),
  }
})
