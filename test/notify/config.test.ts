import { describe, expect, test } from 'vitest'
import { createActivities, createDeployments } from '../../src/activities/index.ts'
import { loadWorkerConfig } from '../../src/config.ts'
import type { Environment } from '../../src/config.ts'
import { mistakesIn } from '../support/mistakes.ts'

const secret = `whsec_${Buffer.from('planted'.repeat(5)).toString('base64')}`
const complete = { NOTIFY_URL: 'https://hooks.example.com/planted?token=planted', NOTIFY_SECRET: secret }
const worker = (env: Environment) => loadWorkerConfig({ LANGGRAPH_API_URL: 'http://127.0.0.1:2024', ...env })

const mistakesOf = (env: Environment) => mistakesIn(() => worker(env))

function warningsOf(url: string): readonly string[] {
  return worker({ ...complete, NOTIFY_URL: url }).warnings
}

describe('a worker', () => {
  test('notifies nobody by default', () => {
    expect(worker({ NOTIFY_URL: '', NOTIFY_SECRET: ' ' })).not.toHaveProperty('notify')
  })

  test('notifies NOTIFY_URL, which may hold a token, with NOTIFY_SECRET, with or without its prefix', () => {
    const { NOTIFY_URL: url } = complete
    expect(worker(complete)).toMatchObject({ notify: { url, secret }, warnings: [] })
    const bare = secret.slice('whsec_'.length)
    expect(worker({ ...complete, NOTIFY_SECRET: bare }).notify).toEqual({ url, secret: bare })
  })

  test.each([
    [{ NOTIFY_SECRET: secret }, [/^NOTIFY_URL is missing/]],
    [{ NOTIFY_URL: complete.NOTIFY_URL }, [/^NOTIFY_SECRET is missing: base64 of 24 to 64 bytes/]],
    [{ ...complete, NOTIFY_SECRET: 'whsec_planted' }, [/^NOTIFY_SECRET must be base64/]],
    [{ ...complete, NOTIFY_SECRET: Buffer.from('planted').toString('base64') }, [/^NOTIFY_SECRET must be base64/]],
    [{ ...complete, NOTIFY_SECRET: 'planted text, which is not base64 at all!' }, [/^NOTIFY_SECRET must be base64/]],
    [{ ...complete, NOTIFY_URL: 'https://a:planted@example.com' }, [/^NOTIFY_URL must be a URL/]],
    [{ ...complete, NOTIFY_URL: 'planted.example.com' }, [/^NOTIFY_URL must be a URL/]],
  ])('with %j does not start', (env, mistakes) => {
    const found = mistakesOf(env)
    expect(found.join()).not.toMatch(/planted|cGxhbnRl/)
    expect(found).toEqual(mistakes.map((mistake) => expect.stringMatching(mistake)))
  })

  test('is warned of a way that is not encrypted', () => {
    expect(warningsOf('http://hooks.example.com')).toEqual([expect.stringMatching(/^NOTIFY_URL: .*unencrypted/)])
    expect(warningsOf('http://127.0.0.1:9000')).toEqual([])
  })
})

test('a worker of your own refuses a receiver that cannot be one', () => {
  const notify = { url: 'planted.example.com', secret: 'planted' }
  expect(() => createActivities(createDeployments([]), { notify })).toThrow(/`url` must be .*`secret` must be/)
})
