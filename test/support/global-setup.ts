import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { TestProject } from 'vitest/node'
import { startDevServer } from '../../dev/embedded-temporal.ts'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { withOurModules, workflowsPath } from '../../src/worker-options.ts'
import { bundleOptions } from './encryption.ts'
import { graphs } from './graphs.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The workflows as one file, made once for all test files. */
    workflowBundle: string
    /** A real Temporal dev server, shared: use a task queue of your own. */
    temporalAddress: string
    /** A real JS LangGraph server with the graphs of `test/support/graphs.mjs`, shared: use threads of your own. */
    langGraphUrl: string
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-test-'))
  const workflowBundle = join(folder, 'workflow-bundle.js')
  const handedOver = fileURLToPath(new URL('handed-over.ts', import.meta.url))
  const [{ code }, temporal, langGraph] = await Promise.all([
    bundleWorkflowCode(
      withOurModules({ ...bundleOptions, workflowsPath: workflowsPath(), workflowInterceptorModules: [handedOver] }),
    ),
    startDevServer(),
    startLangGraphServer({ graphs }),
  ])
  await writeFile(workflowBundle, code)
  project.provide('workflowBundle', workflowBundle)
  project.provide('temporalAddress', temporal.address)
  project.provide('langGraphUrl', langGraph.url)
  return async () => {
    await Promise.all([temporal.teardown(), langGraph.stop()])
    await rm(folder, { recursive: true, force: true })
  }
}
