import { readFileSync } from 'node:fs'

/**
 * Loaded into a worker's process: writes what its event loop and its memory went through, a line a second.
 *
 * A stall is the time on the processor between two turns, so that a busy machine, which lets a process wait, does not count.
 */
const tickMs = 10
let lastMs = onCpuMs()
let lastAtMs = performance.now()
let stallMs = 0

setInterval(() => {
  const nowMs = onCpuMs()
  const nowAtMs = performance.now()
  stallMs = Math.max(stallMs, Math.min(nowMs - lastMs, nowAtMs - lastAtMs) - tickMs)
  lastMs = nowMs
  lastAtMs = nowAtMs
}, tickMs).unref()

setInterval(() => {
  const seen = { stallMs: Math.round(stallMs), rssMb: Math.round(process.memoryUsage.rss() / 1e6) }
  process.stderr.write(`loop-watch ${JSON.stringify(seen)}\n`)
  stallMs = 0
}, 1000).unref()

/** Of the main thread; elsewhere than on Linux the time that has passed. */
function onCpuMs() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6
  } catch {
    return performance.now()
  }
}
