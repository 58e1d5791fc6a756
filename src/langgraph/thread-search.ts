import { threadsAnswer } from './answers.ts'
import type { Connection } from './ask.ts'
import { httpStatusOf } from './errors.ts'
import type { ThreadSearch, ThreadState } from './port.ts'
import { idOf, listOf, recordOf, textOf, utcTime } from './wire.ts'

/** The most that a server takes in one request. */
export const mostThreadsAtOnce = 1000
const select = ['thread_id', 'status', 'updated_at'] as const

/**
 * The states of these threads, in one request. `(status, updated_at)` stays the same while a run works, and changes when one
 * ends, also if the next run of the thread begins at once.
 *
 * @param threadIds at most `mostThreadsAtOnce`
 */
export function searchThreads(
  { client, ask }: Connection,
  threadIds: readonly string[],
  signal: AbortSignal,
): Promise<ThreadSearch> {
  return ask({ what: 'the states of threads', on404: 'the server cannot search threads' }, signal, async () => {
    const reading = client.reading(threadsAnswer)
    // One more than are asked for: a server that ignores `ids` then shows a foreign thread, even if ours are the newest.
    const limit = Math.min(threadIds.length + 1, mostThreadsAtOnce)
    const request = { ids: [...threadIds], limit, select: [...select], signal }
    const found = await reading.threads.search(request).catch((error: unknown) => {
      if (isRefusal(error)) return 'unsearchable' as const
      throw error
    })
    if (found === 'unsearchable') return { kind: 'unsearchable' }
    const threads = listOf(found).map(stateIn)
    const asked = new Set(threadIds)
    // A server that does not know `ids` answers with any threads, and one without times does not tell each change.
    if (threads.some((thread) => !thread?.updatedAt || !asked.has(thread.threadId))) return { kind: 'unsearchable' }
    return { kind: 'found', threads: threads.filter((thread) => thread !== undefined) }
  })
}

/** Whether the server does not know the request, or not in this shape. Keys and load have other statuses. */
function isRefusal(error: unknown): boolean {
  return [400, 404, 405, 422, 501].includes(httpStatusOf(error) ?? 0)
}

function stateIn(wire: unknown): ThreadState | undefined {
  const thread = recordOf(wire)
  const threadId = idOf(thread['thread_id'])
  if (threadId === undefined) return undefined
  return { threadId, status: textOf(thread['status']) ?? '', updatedAt: utcTime(thread['updated_at']) ?? '' }
}
