import { readFile, readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Client as LangGraphClient } from '@langchain/langgraph-sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'
import type { TemporalProcess } from '../../dev/embedded-temporal.ts'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import type { LangGraphProcess } from '../../dev/langgraph-server.ts'
import { backwardCompatibility } from '../../examples/moving-over/backward-compatibility.ts'
import { directRetrieval } from '../../examples/moving-over/direct-retrieval.ts'
import { tradingSignal } from '../../examples/moving-over/trading-signal.ts'
import { defaultTaskQueue } from '../../src/domain/defaults.ts'
import { openStage } from './stage.ts'
import type { PollerStage } from './stage.ts'

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

test('the page shows the examples as they are', async () => {
  const page = await readFile(at('docs/moving-over.md'), 'utf8')
  const shown = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code)
  const folder = at('examples/moving-over')
  const files = (await readdir(folder)).map((file) => readFile(`${folder}/${file}`, 'utf8'))
  expect(shown).toHaveLength(3)
  expect(new Set(shown)).toEqual(new Set(await Promise.all(files)))
})

describe('the examples', () => {
  let temporal: TemporalProcess
  let langGraph: LangGraphProcess
  let stage: PollerStage

  // The examples are as short as a user's code: on the default task queue. So this Temporal server is theirs alone.
  beforeAll(async () => {
    const graphs = { trading: `${at('dev/trading-graph.mjs')}:trading` }
    ;[temporal, langGraph] = await Promise.all([startTemporalProcess(), startLangGraphServer({ graphs })])
    stage = await openStage(temporal.address, [{ name: 'default', url: langGraph.url }], defaultTaskQueue)
  })
  afterAll(async () => {
    await stage.close()
    await Promise.all([temporal.stop(), langGraph.stop()])
  })

  async function createRun(): Promise<[threadId: string, runId: string]> {
    const { threads, runs } = new LangGraphClient({ apiUrl: langGraph.url, apiKey: null })
    const { thread_id } = await threads.create()
    const { run_id } = await runs.create(thread_id, 'trading', { input: { symbol: 'AAPL' } })
    return [thread_id, run_id]
  }

  test('wait for a trading signal, retrieve it again, and know the older name', async () => {
    const run = await createRun()
    expect(await directRetrieval(stage.client, ...run)).toMatch(/^no result: The run is not complete: its status is /)
    expect(await tradingSignal(stage.client, ...run)).toEqual({
      trading_signal: 'BUY',
      analysis_summary: 'AAPL: the 5-day average 118.50 is above the 20-day average 115.65',
      strategy_used: 'thread_state',
      poll_count: expect.any(Number),
      completion_time_seconds: expect.any(Number),
    })
    expect(await directRetrieval(stage.client, ...run)).toBe('"BUY", retrieved by thread_state')
    expect(await backwardCompatibility(stage.client, ...run)).toMatchObject({
      polling_result: 'success_with_results',
      run_id: run[1],
      result: { symbol: 'AAPL', trading_signal: 'BUY', _retrieval_metadata: { strategy_used: 'thread_state' } },
    })
  })
})
