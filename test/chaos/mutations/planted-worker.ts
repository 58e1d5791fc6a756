import type { createActivities } from '../../../src/activities/index.ts'
import { LangGraphRunsPlugin } from '../../../src/plugin.ts'
import { runWorker } from '../../../src/ready-worker.ts'

type Activities = ReturnType<typeof createActivities>

/** The ready worker with a bug in its activities. */
export async function runPlanted(plant: (activities: Activities) => Partial<Activities>): Promise<void> {
  const { configureWorker } = LangGraphRunsPlugin.prototype
  LangGraphRunsPlugin.prototype.configureWorker = function planted(options) {
    const { activities, ...others } = configureWorker.call(this, { ...options, ...bundle() })
    const known = activities as Activities
    return { ...others, activities: { ...known, ...plant(known) } }
  }
  await runWorker(process.env)
}

/** Bundling takes seconds, and the test has a bundle. */
function bundle() {
  const { WORKFLOW_BUNDLE: codePath } = process.env
  return codePath === undefined ? {} : { workflowBundle: { codePath } }
}
