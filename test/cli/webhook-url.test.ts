import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { webhookUrl } from '../../src/client.ts'
import { CliProcess } from './cli-process.ts'

const secret = `planted-${randomUUID()}`
/** Nothing listens at the address of Temporal: the command asks nobody. */
const env = { WEBHOOK_URL: 'https://hooks.example.com', WEBHOOK_SECRET: secret, TEMPORAL_ADDRESS: '127.0.0.1:1' }
const [threadId, runId] = [randomUUID(), randomUUID()]
const at = (workflowId: string, namespace = 'default') =>
  `${webhookUrl({ baseUrl: env.WEBHOOK_URL, secret, namespace, workflowId })}\n`

afterAll(() => CliProcess.killAll())

test.each([
  ['--id', ['--id', 'order/4711'], {}, at('order/4711')],
  ['the namespace', ['--id', 'order/4711'], { TEMPORAL_NAMESPACE: 'trading' }, at('order/4711', 'trading')],
  ['THREAD RUN', [threadId.toUpperCase(), runId], {}, at(`watch-run/default/${threadId}/${runId}`)],
  ['--deployment', [threadId, runId, '--deployment', 'a'], {}, at(`watch-run/a/${threadId}/${runId}`)],
])('the address is that of %s: 0', async (_, args, more, address) => {
  const ended = await CliProcess.start(['webhook-url', ...args], { ...env, ...more }).ended
  expect(ended).toEqual({ code: 0, stdout: address, stderr: '' })
})

test('a missing or wrong variable is named, and no value is repeated: 64', async () => {
  const wrong = { WEBHOOK_SECRET: 'planted', TEMPORAL_ADDRESS: env.TEMPORAL_ADDRESS }
  const { code, stdout, stderr } = await CliProcess.start(['webhook-url', '--id', 'a'], wrong).ended
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' })
  expect(stderr).toMatch(
    /^error: The configuration has 2 mistakes:\n- WEBHOOK_URL is missing: [^]*\n- WEBHOOK_SECRET must/,
  )
  expect(stderr).not.toContain('planted')
})

test('without a watch it says what to give: 64', async () => {
  const { code, stderr } = await CliProcess.start(['webhook-url'], env).ended
  expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('Give THREAD RUN, or --id') })
})
