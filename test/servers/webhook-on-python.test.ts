import { afterAll, expect, test } from 'vitest'
import { Executions, testDeliveries } from '../webhook/deliveries.ts'
import { Receiver } from '../webhook/stage.ts'
import { dialects } from './servers.ts'

// The JS server has its turn in the main tests.
const python = await dialects['Python 0.16.7']()
afterAll(() => python.stop())

testDeliveries(python.url)

test('a server that does not allow the address creates the run without it, and ordinary polls find its end', async () => {
  const receiver = await Receiver.start()
  const { secret, port } = receiver
  const executions = await Executions.open(python.url, { url: `http://localhost:${port}`, secret })
  const { workflowId, handle } = await executions.start({ input: { symbol: 'AAPL' }, pollInterval: '1s' })
  expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
  expect(await executions.wakesOf(workflowId)).toBe(0)
  expect(executions.log).toMatch(/deployment refuses the address in WEBHOOK_URL[^]*Webhook domain not allowed/)
  expect(executions.log).not.toContain(secret)
  await Promise.all([executions.close(), receiver.stop()])
})
