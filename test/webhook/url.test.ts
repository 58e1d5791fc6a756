import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { webhookUrl } from '../../src/client.ts'

const secret = 'planted'.repeat(5)
const complete = { baseUrl: 'https://hooks.example.com', secret, namespace: 'trading.a1', workflowId: 'order/4711' }

test('an address is the base, the namespace, the workflow id in base64url, and their HMAC-SHA256', () => {
  const token = createHmac('sha256', secret).update('trading.a1/order/4711').digest('base64url')
  expect(webhookUrl(complete)).toBe(`https://hooks.example.com/wake/trading.a1/b3JkZXIvNDcxMQ/${token}`)
})

test('the base may have a path, and a slash at its end', () => {
  const plain = new URL(webhookUrl(complete)).pathname
  expect(webhookUrl({ ...complete, baseUrl: 'http://127.0.0.1:8088/hooks//' })).toBe(
    `http://127.0.0.1:8088/hooks${plain}`,
  )
})

test.each([
  ['baseUrl', 'ftp://x', '`baseUrl` must be a URL that begins with http:// or https://'],
  ['baseUrl', undefined, '`baseUrl` must be a URL'],
  ['secret', secret.slice(0, 31), '`secret` must have at least 32 bytes'],
  ['secret', 32, '`secret` must have at least 32 bytes'],
  ['namespace', '', '`namespace` must be a non-empty text'],
  ['workflowId', '', 'the workflow id has 0 bytes of UTF-8: must be 1-1000'],
  ['workflowId', undefined, 'the workflow id is'],
])('%s %j is refused, and no value of a secret is repeated', (field, value, words) => {
  const make = () => webhookUrl({ ...complete, [field]: value })
  expect(make).toThrow(expect.objectContaining({ type: 'InvalidInput', message: expect.stringContaining(words) }))
  expect(make).not.toThrow('planted')
})
