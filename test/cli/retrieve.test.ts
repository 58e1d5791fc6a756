import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Ids } from '../support/langgraph.ts'
import { text } from '../support/scripted-langgraph.ts'
import { CliStage, named, unknownRun } from './stage.ts'

const aapl = { symbol: 'AAPL' }

let stage: CliStage
beforeAll(async () => {
  stage = await CliStage.open({ locked: (server) => server.on('run', text('who are you?', { status: 401 })) })
})
afterAll(() => stage.close())

describe.concurrent('retrieve', () => {
  test('prints the result: 0', async () => {
    const run = await stage.langGraph.ended('work', aapl)

    const { code, stdout, stderr } = await stage.runToEnd([
      'retrieve',
      ...named(run),
      '--result-keys',
      'final',
      '--json',
    ])

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({
      result: { final: 'done AAPL' },
      retrieval_metadata: { strategy_used: 'thread_state' },
    })
  })

  test.each<{ code: number; what: string; run: () => Promise<Ids>; options?: string[]; error: string }>([
    {
      code: 2,
      what: 'nothing found',
      run: () => stage.langGraph.ended('work', aapl),
      options: ['--result-keys', 'absent', '--retrieval-order', 'thread_state'],
      error: 'All result retrieval strategies failed: Strategy thread_state failed: ',
    },
    {
      code: 3,
      what: 'not complete',
      run: async () => unknownRun(),
      options: ['--deployment', 'endless'],
      error:
        'The run has not ended: its status is running. To wait for it: langgraph-runs watch THREAD RUN --deployment endless\n',
    },
    {
      code: 3,
      what: 'not successful',
      run: () => stage.langGraph.ended('fail', aapl),
      error: 'The run ended as error: ValueError: boom for AAPL\n',
    },
    {
      code: 3,
      what: 'unknown run',
      run: async () => unknownRun(),
      error: 'status of run RUN from deployment "default": HTTP 404 ',
    },
    {
      code: 3,
      what: 'wrong key',
      run: async () => unknownRun(),
      options: ['--deployment', 'locked'],
      error: 'status of run RUN from deployment "locked": HTTP 401 "who are you?": check the API key',
    },
    {
      code: 64,
      what: 'unknown deployment',
      run: async () => unknownRun(),
      options: ['--deployment', 'reserch'],
      error: 'Deployment "reserch" is not configured on this worker; configured: "default", "endless", "locked". ',
    },
  ])('reports on stderr why it has no result: $code, $what', async ({ code, run, options = [], error }) => {
    const ids = await run()

    const ended = await stage.runToEnd(['retrieve', ...named(ids), ...options])

    expect(ended).toMatchObject({ code, stdout: '', stderr: expect.stringMatching(/^error: /) })
    const words = error.replace('THREAD RUN', named(ids).join(' ')).replace('RUN from', `${ids.runId} from`)
    expect(ended.stderr).toContain(words)
  })
})
