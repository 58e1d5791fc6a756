import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { cachedWatches } from '../src/cached-watches.ts'
import { workerOptions } from '../src/worker-options.ts'

const KB = 1024
const MB = 1024 * KB
const GB = 1024 * MB
const machine = { total: 16 * GB, limit: undefined, heap: 4 * GB }

describe('a worker keeps as many watches in memory as fit', () => {
  test.each([
    ['into its container', { ...machine, limit: GB }, 1825],
    ['into half of a machine without a limit', { ...machine, total: 4 * GB }, 4821],
    ['into the heap of JavaScript', { ...machine, heap: 512 * MB }, 3515],
  ])('%s', (_, room, watches) => {
    expect(cachedWatches(room)).toBe(watches)
  })

  test.each([
    ['none, as Node 20 tells it on Linux', 2 ** 64],
    ['none, as Node 22 tells it', 0],
  ])('a limit of %s is no limit', (_, limit) => {
    expect(cachedWatches({ ...machine, limit })).toBe(cachedWatches(machine))
  })

  test('but never so few that it does nothing but replay', () => {
    expect(cachedWatches({ ...machine, limit: 128 * MB })).toBe(100)
  })
})

test('the options of a worker count with the limits of its own process', async () => {
  const options = new URL('../src/worker-options.ts', import.meta.url).href
  const script = `import { workerOptions } from '${options}'; console.log(workerOptions([], 'q').maxCachedWorkflows)`
  const flags = ['--import', 'tsx', '--max-old-space-size=200', '--input-type=module', '--eval', script]
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, flags, { cwd })
  expect(Number(stdout)).toBeLessThan((300 * MB) / (120 * KB))
  expect(workerOptions([], 'q').maxCachedWorkflows).toBeGreaterThan(Number(stdout))
})
