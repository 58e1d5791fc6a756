import { randomUUID } from 'node:crypto'
import { afterAll, expect, inject, test } from 'vitest'
import { ProcessGroup } from './process-group.ts'

afterAll(() => ProcessGroup.killAll())

// npm passes the signal to its shell, and the shell to nobody.
test('a SIGTERM to npm ends the worker that npm runs', async () => {
  const npm = new ProcessGroup('npm', ['run', 'worker'], {
    TEMPORAL_ADDRESS: inject('temporalAddress'),
    TEMPORAL_TASK_QUEUE: randomUUID(),
    LANGGRAPH_API_URL: inject('langGraphUrl'),
  })
  await npm.printed('worker ready')
  const before = await npm.processes()

  npm.kill('SIGTERM')

  await npm.untilGone()
  expect(before).toContainEqual(expect.stringMatching(/^node .*src\/worker/))
})

test('a SIGTERM to npm ends the demo that npm runs, its servers and its worker', async () => {
  const npm = new ProcessGroup('npm', ['run', 'demo', '--', '--keep'])
  await npm.printed('1. A run from start to result')
  const before = await npm.processes()

  npm.kill('SIGTERM')

  await npm.untilGone()
  for (const program of ['dev/demo.ts', 'start-dev', 'langgraph-server', 'src/worker']) {
    expect(before).toContainEqual(expect.stringContaining(program))
  }
  expect(npm.stdout).toMatch(/\nStopped\.\n$/)
})
