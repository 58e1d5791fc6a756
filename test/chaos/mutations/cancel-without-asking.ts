import { runPlanted } from './planted-worker.ts'

/** A run counts as cancelled as soon as somebody wants it to be. */
await runPlanted((activities) => {
  const cancelled = new Set<string>()
  return {
    cancelRun: async ({ runId }) => void cancelled.add(runId),
    getRunStatus: async (run) => {
      const look = await activities.getRunStatus(run)
      const ending = { kind: 'known', next: [], interrupts: [] } as const
      return cancelled.has(run.runId) ? { ...look, status: 'interrupted', ending } : look
    },
  }
})
