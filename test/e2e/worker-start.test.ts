import { spawnSync } from 'node:child_process'
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
      expect.stringMatching(
        /^- LANGGRAPH_DEPLOYMENTS \(.*\) "eu" "apiKeyEnv": the environment variable NOT_SET is not set/,
      ),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "eu" "headers": cannot be sent as the HTTP header/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "us": "key" is unknown/),
      expect.stringMatching(/^- LANGGRAPH_DEPLOYMENTS \(.*\) "us" "url": must end with the path/),
      expect.stringMatching(/^- LANGGRAPH_API_URL: holds credentials/),
      expect.stringMatching(/^- LANGGRAPH_API_KEY: cannot be sent as the HTTP header/),
    ])
    expect(words).not.toContain('planted')
  })

  test('and says what is missing if nothing is configured', async () => {
    expect(await lastWordsOf({})).toMatch(/^ConfigError: .*\n- LANGGRAPH_API_URL is missing: the URL of your LangGraph/)
  })

  test('and says where it looked for Temporal when nothing answers there', async () => {
    const words = await lastWordsOf({ ...langGraph, TEMPORAL_ADDRESS: nobodyListens })
    expect(words).toContain(`Temporal does not answer at ${nobodyListens} (TEMPORAL_ADDRESS): is it running?`)
    expect(words).toContain(
      'Start it (`temporal server start-dev`), or say where it is; TEMPORAL_TLS=true if it wants TLS',
    )
  })

  test('and says that TLS is on if Temporal may not speak it, without the key', async () => {
    const address = inject('temporalAddress')
    const words = await lastWordsOf({ ...langGraph, TEMPORAL_ADDRESS: address, TEMPORAL_API_KEY: 'planted' })
    expect(words).toContain(
      'say where it is; TLS is on (TEMPORAL_TLS, TEMPORAL_API_KEY): does this server speak it? Unset them otherwise. What',
    )
    expect(words).not.toContain('planted')
  })

  test.each([
    [
      'Temporal does not have its namespace',
      { TEMPORAL_NAMESPACE: 'absent' },
      `has no namespace "absent": correct TEMPORAL_NAMESPACE, or create it (\`temporal operator namespace create\`)\n`,
    ],
    ['the address is a URL', { TEMPORAL_ADDRESS: 'http://localhost:1' }, '. TEMPORAL_ADDRESS is host:port\n'],
    [
      'the TLS key is not a key',
      { TEMPORAL_TLS_CLIENT_CERT_DATA: 'planted', TEMPORAL_TLS_CLIENT_KEY_DATA: 'planted' },
      'TEMPORAL_TLS_*: the key or a certificate cannot be used (',
    ],
  ])('and says what to correct if %s, in one line', async (_, env, words) => {
    const said = await lastWordsOf({ ...langGraph, TEMPORAL_ADDRESS: inject('temporalAddress'), ...env })
    const [, line] = said.split('ConfigError: The configuration has a mistake:\n')
    expect(line).toMatch(/^- .*\n$/)
    expect(line).toContain(words)
    expect(line).not.toContain('planted')
    expect(line).not.toContain('is it running?')
  })
})

test('the health check says a mistake of the configuration without a stack', async () => {
  const check = spawnSync(process.execPath, ['--import', 'tsx', 'src/healthcheck.ts'], {
    env: { PATH: process.env['PATH'], TEMPORAL_PROFILE: 'absent' },
    encoding: 'utf8',
  })
  expect(check.status).toBe(1)
  expect(check.stderr).toMatch(/^The configuration has a mistake:\n- TEMPORAL_\*: Profile 'absent' not found.*\n$/)
})
