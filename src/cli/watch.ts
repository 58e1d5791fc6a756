import { setTimeout as pause } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import type { WatchOutcome, WatchProgress } from '../client.ts'
import { progressQueryName } from '../domain/contract.ts'
import { CliError, exitCodes } from './exit.ts'
import type { Screen } from './screen.ts'
import type { Temporal } from './temporal.ts'

const refreshMs = 1000

/** @throws CliError 69 when a worker is required and none polls the task queue */
export async function checkWorker(temporal: Temporal, screen: Screen, isRequired = false): Promise<void> {
  if (await temporal.hasWorker()) return
  const missing = `No worker polls the task queue "${temporal.taskQueue}" (TEMPORAL_TASK_QUEUE). Start one: node dist/worker.js`
  if (isRequired) throw new CliError(exitCodes.unavailable, missing)
  screen.say(`${missing}. Waiting for it`)
}

/** Shows a watch's progress until it ends. */
export async function follow(
  handle: WorkflowHandle<() => Promise<WatchOutcome>>,
  screen: Screen,
): Promise<WatchOutcome> {
  const ended = new AbortController()
  const showing = showProgress(handle, screen, ended.signal)
  try {
    return await handle.result()
  } finally {
    ended.abort()
    await showing
    screen.clear()
  }
}

async function showProgress(handle: WorkflowHandle, screen: Screen, ended: AbortSignal): Promise<void> {
  let seen = { elapsed: 0, atMs: Date.now() }
  while (!ended.aborted) {
    const progress = await handle.query<WatchProgress>(progressQueryName).catch(() => undefined)
    if (ended.aborted) return
    if (progress) {
      // The workflow's clock stands still while it sleeps, so this one goes on from its last step.
      if (progress.elapsed_seconds !== seen.elapsed) seen = { elapsed: progress.elapsed_seconds, atMs: Date.now() }
      screen.show({ ...progress, elapsed_seconds: seen.elapsed + (Date.now() - seen.atMs) / 1000 })
    }
    await pause(refreshMs, undefined, { signal: ended }).catch(() => undefined)
  }
}
