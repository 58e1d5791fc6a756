import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect } from 'vitest'
import type { WatchRunInput } from '../../src/client.ts'
import { events, json, text } from '../support/scripted-langgraph.ts'
import type { Answer, ScriptedLangGraph } from '../support/scripted-langgraph.ts'

const MB = 1024 * 1024
const worstBytes = 60 * MB

/** What a hostile server does, and what becomes of the watch of a run on it. */
export interface HostileCase {
  readonly name: string
  arrange(server: ScriptedLangGraph, runId: string): void
  readonly input?: Partial<WatchRunInput>
  readonly outcome: object
}

/** A piece again and again until 60 MB are out, between a begin and an end. */
export function filled(
  begin: string,
  piece: string,
  end: string,
  { status = 200, type = 'application/json' } = {},
): Answer {
  const block = Buffer.from(piece.repeat(Math.ceil(MB / 4 / piece.length)))
  return async (response) => {
    response.setMaxListeners(0)
    response.writeHead(status, { 'content-type': type }).write(begin)
    for (let sent = 0; sent < worstBytes && !response.destroyed; sent += block.length) await write(response, block)
    response.end(end)
  }
}

async function write(response: ServerResponse, block: Buffer): Promise<void> {
  if (response.write(block)) return
  const gone = new AbortController()
  const { signal } = gone
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]).finally(() =>
    gone.abort(),
  )
}

const streaming = { type: 'text/event-stream' }
const success = (runId: string, more = {}) => json({ run_id: runId, status: 'success', ...more })
const checkpoint = (runId: string, more = {}) => ({
  values: { final: 'own' },
  next: [],
  tasks: [],
  metadata: { run_id: runId, source: 'loop' },
  checkpoint: { checkpoint_id: 'own' },
  ...more,
})
const ofRun = (runId: string) => `"metadata":{"run_id":"${runId}","source":"loop"}`
const nothing = text('', { status: 404 })
const byStream = { retrievalOrder: ['stream_values'] } satisfies Partial<WatchRunInput>
const byState = { retrievalOrder: ['thread_state'] } satisfies Partial<WatchRunInput>

export const hostileCases: readonly HostileCase[] = [
  {
    name: 'a status of 60 MB of lists',
    arrange: (server) => server.on('run', filled('[', '[],', '[]]')),
    outcome: { status: 'polling_timeout', error: expect.stringContaining('larger than 16 MB') },
  },
  {
    name: 'an error page of 60 MB',
    arrange: (server) => server.on('run', filled('', '<p>', '', { status: 503 })),
    outcome: { status: 'polling_timeout', error: expect.stringContaining('HTTP 503 "<p>') },
  },
  {
    name: 'a history that continues for 60 MB behind what was asked for',
    arrange: (server, runId) =>
      server
        .on('run', success(runId))
        .on('history', filled(`[${JSON.stringify(checkpoint(runId))},`, '{},', '{}]'))
        .on('state', json(checkpoint(runId))),
    input: byState,
    outcome: { polling_result: 'success_with_results', result: { final: 'own' } },
  },
  {
    name: 'a history of 60 MB of nothing',
    arrange: (server, runId) =>
      server
        .on('run', success(runId))
        .on('history', filled('[', '{},', '{}]'))
        .on('state', filled('{"values":[', '{},', '{}]}')),
    input: byState,
    outcome: { polling_result: 'success_no_results' },
  },
  {
    name: '60 MB of questions',
    arrange: (server, runId) =>
      server
        .on('run', success(runId))
        .on(
          'history',
          filled(`[{${ofRun(runId)},"next":["ask"],"tasks":[{"interrupts":[`, '{"id":"a","value":1},', '{}]}]}]'),
        ),
    outcome: { polling_result: 'interrupted', truncated: true },
  },
  {
    name: 'values of 60 MB of objects',
    arrange: (server, runId) =>
      server
        .on('run', success(runId))
        .on('history', json([checkpoint(runId)]))
        .on('state', filled(`{${ofRun(runId)},"values":[`, '{},', '{}]}')),
    input: byState,
    outcome: {
      polling_result: 'success_no_results',
      result_reference: expect.objectContaining({ bytes: expect.any(Number) }),
    },
  },
  {
    name: 'values that are nested without end',
    arrange: (server, runId) =>
      server
        .on('run', success(runId))
        .on('history', json([checkpoint(runId)]))
        .on('state', filled(`{${ofRun(runId)},"values":`, '[', '')),
    input: byState,
    outcome: { polling_result: 'success_no_results', error: expect.stringContaining('nested deeper than') },
  },
  ...[
    { name: 'a stream of 60 MB of empty lines', begin: '', piece: '\n', says: 'lines' },
    { name: 'a stream of 60 MB of lines of data', begin: '', piece: 'data:1\n', says: 'lines' },
    { name: 'a stream of 60 MB of small values', begin: '', piece: 'event:values\ndata:1\n\n', says: 'lines' },
    { name: 'a stream of a single event that never ends', begin: 'event:values\ndata:[', piece: '{},', says: 'cut' },
  ].map(({ name, begin, piece, says }) => ({
    name,
    arrange: (server: ScriptedLangGraph, runId: string) =>
      server
        .on('run', success(runId, { kwargs: { resumable: true } }))
        .on('history', json([checkpoint(runId)]))
        .on('stream', filled(begin, piece, '', streaming)),
    input: byStream,
    outcome: { polling_result: 'success_no_results', error: expect.stringContaining(says) },
  })),
  {
    name: 'names of nodes of 1.2 MB',
    arrange: (server, runId) => {
      const next = Array.from({ length: 60 }, (_, n) => `${n}${'n'.repeat(20_000)}`)
      return server.on('run', success(runId)).on('history', json([checkpoint(runId, { next })]))
    },
    outcome: { polling_result: 'interrupted', next: expect.arrayContaining([expect.stringContaining('0nnn')]) },
  },
  {
    name: 'a checkpoint_id of 3 MB',
    arrange: (server, runId) => {
      const wrong = checkpoint(runId, { checkpoint: { checkpoint_id: 'c'.repeat(3 * MB) } })
      return server
        .on('run', success(runId))
        .on('history', json([wrong]))
        .on('state', json(wrong))
    },
    input: byState,
    outcome: {
      polling_result: 'success_no_results',
      ending_verified: false,
      error: expect.stringContaining('has an id of more than'),
    },
  },
  {
    name: 'an error of 8 MB in a stream',
    arrange: (server, runId) =>
      server
        .on('run', json({ run_id: runId, status: 'error', kwargs: { resumable: true } }))
        .on('history', json([checkpoint(runId)]))
        .on('thread', nothing)
        .on('stream', events([['error', { error: 'E', message: 'e'.repeat(8 * MB) }]])),
    outcome: { polling_result: 'error' },
  },
]
