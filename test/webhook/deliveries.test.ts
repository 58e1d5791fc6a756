import { expect, inject, test } from 'vitest'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { graphs } from '../support/graphs.ts'
import { Executions, testDeliveries } from './deliveries.ts'

testDeliveries(inject('langGraphUrl'))

test('a receiver that is down at the end of the run costs nothing but the sleep', async () => {
  // A server of its own: whoever finds nobody at the address takes one of its queue workers down.
  const server = await startLangGraphServer({ graphs })
  const executions = await Executions.open(server.url, { url: 'http://127.0.0.1:1', secret: 's'.repeat(32) })
  const { workflowId, handle } = await executions.start({ input: { symbol: 'AAPL' }, pollInterval: '1s' })
  expect(await handle.result()).toMatchObject({ polling_result: 'success_with_results' })
  expect(await executions.wakesOf(workflowId)).toBe(0)
  await executions.close()
  await server.stop()
})
