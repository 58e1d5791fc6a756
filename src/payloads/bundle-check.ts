import { readFileSync } from 'node:fs'
import type { WorkerOptions } from '@temporalio/worker'

/** The class of `failure-converter.cjs`. */
const mark = 'EncodingFailureConverter'

/**
 * A bundle without the failure converter would write messages of workflow failures in plain text, whatever the worker was
 * told, and nothing would say so.
 *
 * @throws TypeError
 */
export function requireFailureConverterIn(bundle: NonNullable<WorkerOptions['workflowBundle']>): void {
  const code = 'code' in bundle ? bundle.code : readFileSync(bundle.codePath, 'utf8')
  if (code.includes(mark)) return
  throw new TypeError(
    '`workflowBundle` was made without `failureConverterPath`, which the `dataConverter` has: messages of workflow failures would not be encrypted. Make it with bundleWorkflowCode({ failureConverterPath, … })',
  )
}
