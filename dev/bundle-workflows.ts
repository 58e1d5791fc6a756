import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode } from '@temporalio/worker'

/** `npm run build`: the workflows as one file, so that a production worker starts without a bundler at work. */
const at = (path: string) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url))
const { code } = await bundleWorkflowCode({ workflowsPath: at('workflows/index.js') })
await writeFile(at('workflow-bundle.js'), code)
