import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js'
import { Worker } from '@temporalio/worker'
import { describe, expect, inject, test } from 'vitest'

const folder = new URL('histories/', import.meta.url)
const files = readdirSync(folder)

describe('a recorded history replays with the workflows of today', () => {
  test.each(files)('%s', async (file) => {
    const history = historyFromJSON(JSON.parse(read(file)))
    const workflowBundle = { codePath: inject('workflowBundle') }
    await expect(Worker.runReplayHistory({ workflowBundle }, history)).resolves.toBeUndefined()
  })
})

test('every shape is recorded', () => {
  // A folder that was moved or emptied would let the tests above pass.
  expect(files.length).toBeGreaterThan(30)
})

test.each([
  { what: 'EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW', least: 2 },
  { what: 'EVENT_TYPE_WORKFLOW_PROPERTIES_MODIFIED', least: 10 },
  { what: 'LangGraphState', least: 10 },
  { what: 'EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED', least: 5 },
  { what: '_tracer-data', least: 10 },
])('$what is in $least of them or more', ({ what, least }) => {
  expect(files.map(read).filter((text) => text.includes(what)).length).toBeGreaterThanOrEqual(least)
})

function read(file: string): string {
  const content = readFileSync(new URL(file, folder))
  return String(file.endsWith('.gz') ? gunzipSync(content) : content)
}
