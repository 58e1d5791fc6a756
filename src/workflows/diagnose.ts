import type { WorkerReport } from '../domain/diagnosis.ts'
import { askWorker } from './activities.ts'

/** Returns what the worker that carries this out says of itself and of what only a worker can reach. */
export async function diagnose(): Promise<WorkerReport> {
  return askWorker.executeWithOptions({ summary: 'diagnose this worker' }, [])
}
