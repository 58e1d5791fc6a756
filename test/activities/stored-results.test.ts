import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import { fetchResult, resultStore } from '../../src/client.ts'
import type { StoredResultReference } from '../../src/client.ts'
import type { Retrieved } from '../../src/domain/retrieved.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { events, json, pieces, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'
import { failureOf, inActivity, newRun } from './in-activity.ts'

const MB = 1024 * 1024
const run = newRun()
let server: ScriptedLangGraph
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-store-'))
  server = await ScriptedLangGraph.start()
  server.on('schemas', text('no such endpoint', { status: 404 })).on('runs', json([]))
})
afterEach(async () => {
  await server.stop()
  await rm(folder, { recursive: true, force: true })
})

const urlOf = (path: string) => pathToFileURL(path).href
const store = (above?: number) => resultStore(urlOf(folder), above === undefined ? {} : { above })
const activities = (resultStore = store()) =>
  createActivities(createDeployments([{ name: 'default', url: server.url }]), { resultStore })
/** A busy machine may take its time. */
const patient = { startToCloseTimeoutMs: 60_000, workflowNamespace: 'default', namespace: 'default' }
const fromState = (resultKeys?: readonly string[], of = activities(), more = {}) =>
  inActivity(of.retrieveThreadState, { ...run, ...(resultKeys && { resultKeys }), ...more }, patient)
const fromStream = (resultKeys?: readonly string[], of = activities(), more = {}) =>
  inActivity(of.retrieveStreamValues, { ...run, ...(resultKeys && { resultKeys }), ...more }, patient)

const state = (values: unknown) => ({
  values,
  next: [],
  tasks: [],
  metadata: { run_id: run.runId, source: 'loop' },
  checkpoint: { checkpoint_id: 'own' },
})
const show = (values: unknown) =>
  server.on('state', json(state(values))).on(
    'stream',
    events([
      ['metadata', { run_id: run.runId }],
      ['values', { first: 1 }],
      ['values', JSON.stringify(values)],
    ]),
  )

function referenceIn(retrieved: Retrieved): StoredResultReference {
  if (retrieved.found !== 'stored') throw new Error(`not stored: ${retrieved.found}`)
  return retrieved.reference
}

const valuesOf = (retrieved: Retrieved) => fetchResult(referenceIn(retrieved), store())

describe('a result that is too large for Temporal', () => {
  test.each([3, 20, 60])('is kept in the store, and referred to: %i MB', async (size) => {
    const values = { final: 'done', blob: 'ü'.repeat((size / 2) * MB) }
    show(values)
    const retrieved = await fromState()
    const reference = referenceIn(retrieved)
    expect(retrieved).toEqual({
      found: 'stored',
      checkpointId: 'own',
      reference: {
        url: expect.stringContaining(
          `${urlOf(folder)}/default/default/${run.threadId}/${run.runId}/${reference.sha256}.json`,
        ),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        bytes: Buffer.byteLength(JSON.stringify(values)),
        content_type: 'application/json',
      },
    })
    expect(await fetchResult(reference, store())).toEqual(values)
    expect(await readFile(fileURLToPath(reference.url), 'utf8')).toBe(JSON.stringify(values))
    expect(referenceIn(await fromStream())).toEqual(reference)
    expect(await readdir(join(folder, '.unfinished'))).toEqual([])
  })

  test('keeps every digit, and has as many objects as it likes', async () => {
    const order = `{"id":9007199254740993,"price":1.10,"list":[${'{},'.repeat(400_000)}[]]}`
    server.on('state', pieces([JSON.stringify(state('here')).replace('"here"', order)]))
    const reference = referenceIn(await fromState())
    expect(await readFile(fileURLToPath(reference.url), 'utf8')).toBe(order)
  })

  test('goes through Temporal as before if it is small', async () => {
    const values = { blob: 'x'.repeat(MB - 11) }
    show(values)
    expect(await fromState()).toMatchObject({ found: 'values', values })
    show({ blob: 'x'.repeat(MB - 10) })
    expect(await fromState()).toMatchObject({ found: 'stored', reference: { bytes: MB + 1 } })
    expect(await fromStream()).toMatchObject({ found: 'stored', reference: { bytes: MB + 1 } })
    expect(await fromState(undefined, activities(store(1.5 * MB)))).toMatchObject({ found: 'values' })
  })

  test.each([
    { what: 'text', of: (length: number) => 'x'.repeat(length - 2) },
    { what: 'list', of: (length: number) => ['x'.repeat(length - 4)] },
  ])('may be a $what, and be kept from a limit of your own on', async ({ of }) => {
    const small = activities(store(1024))
    show(of(1024))
    expect([await fromState(undefined, small), await fromStream(undefined, small)]).toEqual(
      Array(2).fill(expect.objectContaining({ found: 'values' })),
    )
    show(of(1025))
    expect([await fromState(undefined, small), await fromStream(undefined, small)]).toEqual(
      Array(2).fill(expect.objectContaining({ found: 'stored' })),
    )
  })

  test('has only the fields that were asked for, and is missing if a stream does not show them', async () => {
    const schema = { output_schema: { type: 'object', properties: { big: {} } } }
    const [big, notes] = ['b', 'n'].map((char) => char.repeat(2 * MB))
    server.on('schemas', json(schema)).on('search', json([]))
    show({ big, notes, small: 1 })
    const more = { origin: { assistantId: 'a-1', continues: false } }
    expect(await valuesOf(await fromState(undefined, activities(), more))).toEqual({ big })
    for (const from of [fromState, fromStream]) {
      expect(await valuesOf(await from(['notes', 'small'], activities(), more))).toEqual({ notes, small: 1 })
      expect(await from(['small'], activities(), more)).toMatchObject({ found: 'values', values: { small: 1 } })
    }
    server.on('stream', events([['values', { big }]]))
    expect(await fromStream(['big', 'notes'], activities(), more)).toEqual({
      found: 'nothing',
      reason: 'the stream shows the declared output alone, without notes',
    })
  })

  test('is too large for one answer over 64 MB, and `resultKeys` are the way', async () => {
    const [begin = '', end = ''] = JSON.stringify(state({ blob: '', final: 'done' })).split('"blob":""')
    const parts = [`${begin}"blob":"`, ...Array<string>(70).fill('x'.repeat(MB)), `"${end}`]
    server.on('state', pieces(parts))
    expect(await failureOf(fromState())).toMatchObject({
      type: 'LangGraphAnswerTooLarge',
      nonRetryable: true,
      message: expect.stringMatching(/larger than 64 MB: name the fields that you need in `resultKeys`/),
    })
    expect(await fromState(['final'])).toMatchObject({ found: 'values', values: { final: 'done' } })
    expect(await fromState(['final', 'blob'])).toMatchObject({
      found: 'too_large',
      bytes: JSON.stringify({ blob: '', final: 'done' }).length + 70 * MB,
    })
  })

  test('has its share of the memory until it is kept', async () => {
    show({ blob: 'x'.repeat(50 * MB) })
    const slow = store()
    const gate = new EventEmitter()
    const isOpen = once(gate, 'open')
    const keeps: number[] = []
    const keep = slow.keep.bind(slow)
    slow.keep = async (...args) => {
      keeps.push(keeps.length)
      await isOpen
      return keep(...args)
    }
    const of = activities(slow)
    const all = Array.from({ length: 5 }, () => fromState(undefined, of))
    // 64 MB each: three and no fourth fit into 256 MB.
    await vi.waitFor(() => expect(keeps).toHaveLength(3), { timeout: 30_000 })
    // The others have been asked for, and wait while another worker, with memory of its own, reads and keeps as many.
    await vi.waitFor(() => expect(server.to('state')).toHaveLength(5), { timeout: 30_000 })
    const other = activities()
    await Promise.all(Array.from({ length: 5 }, () => fromState(undefined, other)))
    expect(keeps).toHaveLength(3)
    gate.emit('open')
    expect((await Promise.all(all)).map(({ found }) => found)).toEqual(Array(5).fill('stored'))
    expect(keeps).toHaveLength(5)
  })

  test('could not be asked for if the store does not take it, and nothing says where the store is', async () => {
    show({ blob: 'x'.repeat(2 * MB) })
    const missing = resultStore(urlOf(join(folder, randomUUID())))
    const failure = await failureOf(fromState(undefined, activities(missing)))
    expect(failure).toMatchObject({ type: 'ResultStoreUnavailable', nonRetryable: false, details: [{}] })
    expect(failure.message).toContain('does not exist: is the volume mounted?')
    const again = activities()
    expect(await fromState(undefined, again)).toMatchObject({ found: 'stored' })
  })

  test('gives back its memory if the store does not take it', async () => {
    show({ blob: 'x'.repeat(50 * MB) })
    const of = activities(resultStore(urlOf(join(folder, randomUUID()))))
    for (let n = 0; n < 5; n += 1) {
      expect(await failureOf(fromState(undefined, of))).toMatchObject({ type: 'ResultStoreUnavailable' })
    }
  })
})
