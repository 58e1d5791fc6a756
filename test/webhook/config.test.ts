import { describe, expect, test } from 'vitest'
import { loadReceiverConfig, loadWebhookUrlConfig, loadWorkerConfig } from '../../src/config.ts'
import type { Environment } from '../../src/config.ts'
import { mistakesIn } from '../support/mistakes.ts'

const secret = 'planted'.repeat(5)
const complete = { WEBHOOK_URL: 'https://hooks.example.com/langgraph', WEBHOOK_SECRET: secret }
const shortSecret = 'WEBHOOK_SECRET must have at least 32 bytes'
const noSecret = expect.stringMatching(/^WEBHOOK_SECRET is missing: at least 32 bytes, the same for workers and the/)
const noUrl = expect.stringMatching(/^WEBHOOK_URL is missing: the URL at which LangGraph reaches the webhook receiver/)
const wrongUrl = expect.stringMatching(/^WEBHOOK_URL must be a URL that begins with http:\/\/ or https:\/\//)
const wrongListen = expect.stringMatching(/^WEBHOOK_LISTEN must be host:port, such as 127\.0\.0\.1:8088/)

const worker = (env: Environment) => loadWorkerConfig({ LANGGRAPH_API_URL: 'http://127.0.0.1:2024', ...env })

describe('a worker', () => {
  test('has no receiver by default', () => {
    expect(worker({ WEBHOOK_URL: '', WEBHOOK_SECRET: ' ' })).not.toHaveProperty('webhook')
  })

  test('has the receiver of WEBHOOK_URL and WEBHOOK_SECRET', () => {
    expect(worker(complete).webhook).toEqual({ url: complete.WEBHOOK_URL, secret })
  })

  test.each([
    [{ WEBHOOK_SECRET: secret }, [noUrl]],
    [{ WEBHOOK_URL: complete.WEBHOOK_URL }, [noSecret]],
    [{ ...complete, WEBHOOK_SECRET: secret.slice(0, 31) }, [shortSecret]],
    [{ WEBHOOK_URL: 'hooks.example.com', WEBHOOK_SECRET: 'planted' }, [wrongUrl, shortSecret]],
    [{ ...complete, WEBHOOK_URL: 'https://a:planted@example.com' }, [wrongUrl]],
    [{ ...complete, WEBHOOK_URL: 'https://example.com?planted' }, [wrongUrl]],
    [{ ...complete, WEBHOOK_SECRET: `"${secret}"` }, [expect.stringMatching(/^WEBHOOK_SECRET: the quotes/)]],
  ])('with %j does not start', (env, mistakes) => {
    expect(mistakesIn(() => worker(env))).toEqual(mistakes)
  })
})

describe('the receiver', () => {
  test('listens on 127.0.0.1:8088 by default, and needs neither WEBHOOK_URL nor a LangGraph server', () => {
    const { listen, secret: read } = loadReceiverConfig({ WEBHOOK_SECRET: secret })
    expect({ listen, read }).toEqual({ listen: { host: '127.0.0.1', port: 8088 }, read: secret })
  })

  test.each([
    ['0.0.0.0:80', { host: '0.0.0.0', port: 80 }],
    ['localhost:65535', { host: 'localhost', port: 65_535 }],
    ['[::1]:8088', { host: '::1', port: 8088 }],
  ])('listens on %s', (text, listen) => {
    expect(loadReceiverConfig({ WEBHOOK_SECRET: secret, WEBHOOK_LISTEN: text })).toMatchObject({ listen })
  })

  test.each(['8088', 'localhost', 'localhost:', ':8088', '::1:8088', 'localhost:65536', 'http://localhost:8088'])(
    'does not start with WEBHOOK_LISTEN=%s',
    (text) => {
      const load = () => loadReceiverConfig({ WEBHOOK_SECRET: secret, WEBHOOK_LISTEN: text })
      expect(mistakesIn(load)).toEqual([wrongListen])
    },
  )

  test('does not start without a secret, or with a short one', () => {
    expect(mistakesIn(() => loadReceiverConfig({}))).toEqual([noSecret])
    expect(mistakesIn(() => loadReceiverConfig({ WEBHOOK_SECRET: 'planted' }))).toEqual([shortSecret])
  })
})

test('the command line needs both variables, and has the namespace `default` by default', () => {
  expect(mistakesIn(() => loadWebhookUrlConfig({}))).toEqual([noUrl, noSecret])
  const receiver = { url: complete.WEBHOOK_URL, secret }
  expect(loadWebhookUrlConfig(complete)).toEqual({ namespace: 'default', receiver })
  expect(loadWebhookUrlConfig({ ...complete, TEMPORAL_NAMESPACE: 'a' })).toEqual({ namespace: 'a', receiver })
})
