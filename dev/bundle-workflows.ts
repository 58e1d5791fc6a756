import { copyFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode } from '@temporalio/worker'
import type { BundleOptions } from '@temporalio/worker'
import { workflowBundles } from '../src/worker-options.ts'

// `npm run build` puts the workflows into one file, so that a production worker starts without running a bundler.

const at = (path: string) => fileURLToPath(new URL(`../dist/${path}`, import.meta.url))
const workflowsPath = at('workflows/index.js')
const failureConverterPath = at('payloads/failure-converter.cjs')
const traceCarrier = at('workflows/carry-trace.js')
// The compiler leaves it alone, since it is JavaScript.
await copyFile(at('../src/payloads/failure-converter.cjs'), failureConverterPath)
await bundle(workflowBundles.plain)
await bundle(workflowBundles.encrypted, { failureConverterPath })

async function bundle(file: string, more: Partial<BundleOptions> = {}): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [traceCarrier],
    preloadModules: [workflowsPath, traceCarrier],
    ...more,
  })
  await writeFile(at(file), withPortableSourceMap(code))
}

/**
 * A worker needs the source map for its stack traces. It does not need the sources, which are two thirds of the map, and
 * the paths of the machine that built it would end up in other people's logs.
 */
function withPortableSourceMap(bundle: string): string {
  const mark = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,'
  const start = bundle.lastIndexOf(mark)
  if (start < 0) throw new Error('the bundle does not end with a source map')
  const map: { sources: string[]; sourcesContent?: string[] } = JSON.parse(
    Buffer.from(bundle.slice(start + mark.length), 'base64').toString('utf8'),
  )
  map.sources = map.sources.map((source) => source.replace(/^.*\/(?=(node_modules|dist)\/)/, ''))
  delete map.sourcesContent
  return bundle.slice(0, start) + mark + Buffer.from(JSON.stringify(map)).toString('base64')
}
