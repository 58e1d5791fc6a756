import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { WorkerProcess } from '../support/worker-process.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-start-'))
})
afterAll(() => rm(folder, { recursive: true }))

const nobodyListens = '127.0.0.1:1'
const langGraph = { LANGGRAPH_API_URL: `http://${nobodyListens}` }

/** The last words of a worker that does not start. */
async function lastWordsOf(env: Readonly<Record<string, string>>): Promise<string> {
  const worker = new WorkerProcess(env)
  expect(await worker.exited).toEqual({ code: 1, signal: null })
  expect(worker.log).not.toContain('worker ready')
  return worker.stderr
}

describe.concurrent('a worker that cannot start ends with exit code 1', () => {
  test('and names every mistake of its configuration at once, without a secret', async () => {
    const file = join(folder, 'deployments.json')
    const deployments = {
      eu: { url: 'ftp://planted@eu.example', apiKeyEnv: 'NOT_SET', headers: { authorization: 'Bearer\nplanted' } },
      us: { url: 'https://us.example?key=planted', key: 'planted' },
    }
    await writeFile(file, JSON.stringify(deployments))
    const words = await lastWordsOf({
      TEMPORAL_PROFILE: 'absent',
      TEMPORAL_API_KEY: 'planted',
      LANGGRAPH_API_URL: 'http://someone:planted@langgraph.example',
      LANGGRAPH_API_KEY: 'planted \u{1F511}',
      LANGGRAPH_DEPLOYMENTS: file,
    })
    const [title, ...mistakes] = words.trimEnd().split('\n')
    expect(title).toBe('ConfigError: The configuration has 8 mistakes:')
    expect(mistakes).toEqual([
      expect.stringMatching(/^- TEMPORAL_\*: Profile 'absent' not found/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "eu" "url": must be a URL that begins with http/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "eu" "apiKeyEnv": must name a variable/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "eu" "headers": cannot be sent as the HTTP header/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "us": "key" is unknown/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "us" "url": must end with the path/),
      expect.stringMatching(/^- LANGGRAPH_API_URL: holds credentials/),
      expect.stringMatching(/^- LANGGRAPH_API_KEY: cannot be sent as the HTTP header/),
    ])
    expect(words).not.toContain('planted')
  })

  test('and says what is missing where nothing is configured', async () => {
    expect(await lastWordsOf({})).toMatch(/^ConfigError: .*\n- LANGGRAPH_API_URL is missing: the URL of your LangGraph/)
  })

  test('and says where it looked for Temporal when nothing answers there', async () => {
    const words = await lastWordsOf({ ...langGraph, TEMPORAL_ADDRESS: nobodyListens, TEMPORAL_API_KEY: 'planted' })
    expect(words).toContain(`Temporal does not answer at ${nobodyListens} (TEMPORAL_ADDRESS): is it running?`)
    expect(words).toContain(
      'Start it (`temporal server start-dev`), or say where it is; TEMPORAL_TLS=true if it wants TLS',
    )
    expect(words).not.toContain('planted')
  })

  test('and says so when Temporal does not have its namespace', async () => {
    const words = await lastWordsOf({
      ...langGraph,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      TEMPORAL_NAMESPACE: 'absent',
    })
    expect(words).toContain('Namespace absent was not found')
  })
})
