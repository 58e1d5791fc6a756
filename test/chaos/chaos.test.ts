import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

// `npm run chaos` on a worker with a planted bug. Few runs, one worker and the JS server alone show whether it is found.

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** The first creation of a run is carried out, and its answer is cut. */
const seed = 's'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-chaos-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function chaos(mutation: string, kind: string, runs: number): Promise<{ code: unknown; said: string }> {
  const options = ['--runs', runs, '--minutes', 0.25, '--seed', seed, '--kinds', kind, '--faults', 'requests']
  const cast = ['--servers', 'js', '--workers', 1, '--worker', here(`mutations/${mutation}.ts`)]
  const child = fork(here('chaos.ts'), [...options, ...cast].map(String), {
    execArgv: ['--import', 'tsx'],
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, TMPDIR: folder, WORKFLOW_BUNDLE: inject('workflowBundle') },
  })
  let said = ''
  child.stdout?.on('data', (chunk) => (said += String(chunk)))
  child.stderr?.on('data', (chunk) => (said += String(chunk)))
  const [code] = await once(child, 'close')
  return { code, said }
}

describe.concurrent('npm run chaos', { timeout: 180_000 }, () => {
  test('a worker without a planted bug passes', async () => {
    const { code, said } = await chaos('none', 'succeeds,watched: cancelled', 3)
    expect(said).toContain('| all | 3 | 3 | 0 | 0 | 0 | 0 | 0 | 0 |')
    expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('all is right') })
  })

  test('a result of another run is found', async () => {
    const { code, said } = await chaos('result-of-another-run', 'succeeds', 4)
    expect(said).toContain('| all | 4 | 1 | 0 | 3 | 0 | 0 | 0 | 0 |')
    expect(code).toBe(1)
  })

  test('a creation without the lookup is found', async () => {
    const { code, said } = await chaos('creation-without-lookup', 'executed: succeeds', 1)
    expect(said).toContain('| executed: succeeds | 1 | 0 | 0 | 0 | 0 | 1 | 0 | 0 |')
    expect(code).toBe(1)
  })

  test('an attempt that is there, and that nobody looks for, is found', async () => {
    const { code, said } = await chaos('creation-without-lookup', 'watched: fails once', 1)
    expect(said).toContain('| watched: fails once and is retried | 1 | 0 | 0 | 1 | 0 | 0 | 0 | 0 |')
    expect(code).toBe(1)
  })

  test('a cancellation that nobody was asked for is found', async () => {
    const { code, said } = await chaos('cancel-without-asking', 'watched: cancelled', 2)
    expect(said).toContain('| watched: cancelled | 2 | 0 | 0 | 0 | 0 | 0 | 2 | 0 |')
    expect(code).toBe(1)
  })
})
