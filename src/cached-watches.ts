import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'

const KB = 1024
const MB = 1024 * KB

/** The worker itself, and the answers that it is reading. */
const workerBytes = 400 * MB
/** A sleeping watch, if malloc wastes as much as it does by default: docs/worker.md. */
const watchBytes = 350 * KB
/** The same in the JavaScript heap, which has a limit of its own: 70 KB, and room for garbage. */
const watchHeapBytes = 120 * KB
const workerHeapBytes = 100 * MB
/** With fewer, replaying them would take all of the worker's time. */
const leastWatches = 100

/** The memory that a process may take, in bytes. */
export interface Room {
  /** The machine's. */
  readonly total: number
  /** The container's limit. Without a limit it is `undefined`, 0 or more than the machine has. */
  readonly limit: number | undefined
  /** V8's limit for the heap. */
  readonly heap: number
}

/**
 * How many open watches a worker keeps in memory: as many as fit into its container, or into half of a machine that has
 * no limit for it. Any others are replayed when they have something to do.
 */
export function cachedWatches({ total, limit = 0, heap }: Room = roomHere()): number {
  const memory = limit > 0 && limit < total ? limit : total / 2
  const fit = Math.min((memory - workerBytes) / watchBytes, (heap - workerHeapBytes) / watchHeapBytes)
  return Math.max(leastWatches, Math.floor(fit))
}

function roomHere(): Room {
  return { total: totalmem(), limit: process.constrainedMemory(), heap: getHeapStatistics().heap_size_limit }
}
