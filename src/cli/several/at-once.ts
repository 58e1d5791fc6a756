/** Does the work for each, so many at the same time. @throws the first error, after what had begun is done */
export async function atOnce<T>(most: number, all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const waiting = all[Symbol.iterator]()
  const lane = async () => {
    for (const one of waiting) await work(one)
  }
  const done = await Promise.allSettled(Array.from({ length: Math.min(most, all.length) }, lane))
  const failed = done.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}
