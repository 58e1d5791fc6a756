import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { loadCodecServerConfig, loadProgramConfig, loadWorkerConfig } from '../../src/config.ts'
import type { Environment } from '../../src/config.ts'
import { parseKeys } from '../../src/payloads/keys.ts'
import { mistakesIn } from '../support/mistakes.ts'

const first = Buffer.alloc(32, 'planted one')
const second = Buffer.alloc(32, 'planted two')
const base64 = (bytes: Buffer) => bytes.toString('base64')
const pair = `a:${base64(first)},b:${base64(second)}`
const mustBeBase64 = 'must be base64 of 32 bytes (`openssl rand -base64 32` makes one)'
const idRule = '1-32 letters, digits, ".", "_" or "-"'

describe('PAYLOAD_KEYS', () => {
  test('names keys, of which the first encrypts', () => {
    expect(loadProgramConfig({ PAYLOAD_KEYS: pair }).payloads).toEqual({
      keys: [
        { id: 'a', key: first },
        { id: 'b', key: second },
      ],
    })
  })

  test('may have spaces between keys, and base64 without padding', () => {
    const text = ` 2026-11.a_B:${base64(first).replace('=', '')} ,\n b:${base64(second)}\n`
    expect(parseKeys(text)).toEqual({
      kind: 'accepted',
      keys: [
        { id: '2026-11.a_B', key: first },
        { id: 'b', key: second },
      ],
    })
  })

  test.each([
    [base64(first), ['key 1 must be id:base64']],
    [`${pair},`, ['key 3 must be id:base64']],
    [`:${base64(first)}`, [`key 1: its id must be ${idRule}`]],
    // The key in the place of the id is not shown.
    [`${first.toString('hex')}:a`, [`key 1: its id must be ${idRule}`]],
    [`a:${base64(first.subarray(1))}`, [`key 1 ("a") ${mustBeBase64}`]],
    [`a:${base64(Buffer.concat([first, first]))}`, [`key 1 ("a") ${mustBeBase64}`]],
    [`a:${first.toString('hex')}`, [`key 1 ("a") ${mustBeBase64}`]],
    [`a:${base64(first).replace('c', '*')}`, [`key 1 ("a") ${mustBeBase64}`]],
    [`a:${base64(first)},a:${base64(second)}`, ['key 2 has the id "a" of another one: each needs an id of its own']],
    [`b c:planted,a:planted`, [`key 1: its id must be ${idRule}`, `key 2 ("a") ${mustBeBase64}`]],
  ])('is refused with every mistake and no part of a key (%#)', (text, problems) => {
    const mistakes = mistakesIn(() => loadProgramConfig({ PAYLOAD_KEYS: text }))
    expect(mistakes.toSorted()).toEqual(problems.map((problem) => `PAYLOAD_KEYS: ${problem}`).toSorted())
    expect(mistakes.join()).not.toMatch(/planted|cGxhbnRlZ|706c616e746564/i)
  })

  test('is read whole or refused, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseKeys(text)
        expect(parsed.kind).toBe('refused')
      }),
    )
    const key = fc.tuple(fc.stringMatching(/^[\w.-]{1,32}$/), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    fc.assert(
      fc.property(fc.uniqueArray(key, { selector: ([id]) => id, minLength: 1 }), (keys) => {
        const text = keys.map(([id, bytes]) => `${id}:${base64(Buffer.from(bytes))}`).join(',')
        const parsed = parseKeys(text)
        const read = parsed.kind === 'accepted' ? parsed.keys.map(({ id, key: one }) => [id, Uint8Array.from(one)]) : []
        expect(read).toEqual(keys)
      }),
    )
  })

  test('is for the worker, too', () => {
    const env = { LANGGRAPH_API_URL: 'http://127.0.0.1:2024', PAYLOAD_KEYS: pair }
    expect(loadWorkerConfig(env).payloads.keys.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(mistakesIn(() => loadWorkerConfig({ PAYLOAD_KEYS: 'planted' }))).toHaveLength(2)
  })
})

describe('DATA_CONVERTER', () => {
  test('is an absolute path', () => {
    expect(loadProgramConfig({ DATA_CONVERTER: '/app/converter.js' }).payloads).toEqual({
      keys: [],
      converterModule: '/app/converter.js',
    })
    expect(mistakesIn(() => loadProgramConfig({ DATA_CONVERTER: './converter.js' }))).toEqual([
      'DATA_CONVERTER must be the absolute path of a module',
    ])
  })

  test('takes the place of PAYLOAD_KEYS', () => {
    expect(mistakesIn(() => loadProgramConfig({ DATA_CONVERTER: '/c.js', PAYLOAD_KEYS: pair }))).toEqual([
      expect.stringMatching(/^DATA_CONVERTER and PAYLOAD_KEYS: give one of them/),
    ])
  })
})

const load = (env: Environment) => loadCodecServerConfig({ PAYLOAD_KEYS: pair, ...env })

describe('the codec server', () => {
  const token = randomBytes(32).toString('base64')

  test('listens on 127.0.0.1:8888 by default, without a token', () => {
    expect(load({})).toEqual({
      listen: { host: '127.0.0.1', port: 8888 },
      payloads: { keys: expect.any(Array) },
      log: { format: expect.any(String), level: 'info' },
    })
  })

  test('asks for a token where others reach it, or a word that none is needed', () => {
    const missing = expect.stringMatching(/^CODEC_TOKEN is missing: at least 32 bytes, since others than this machine/)
    const everywhere = { CODEC_LISTEN: '0.0.0.0:8888' }
    expect(mistakesIn(() => load(everywhere))).toEqual([missing])
    expect(load({ ...everywhere, CODEC_TOKEN: 'none' })).not.toHaveProperty('token')
    expect(load({ ...everywhere, CODEC_TOKEN: token })).toMatchObject({ token })
    expect(mistakesIn(() => load({ CODEC_TOKEN: 'planted' }))).toEqual([
      'CODEC_TOKEN must have at least 32 bytes, or be none',
    ])
  })

  test.each(['*', 'cloud.temporal.io', 'https://cloud.temporal.io/', 'https://*.temporal.io', 'null', 'file:///x'])(
    'does not take %s for an origin',
    (CODEC_ORIGIN) => {
      expect(mistakesIn(() => load({ CODEC_ORIGIN }))).toEqual([
        expect.stringMatching(/^CODEC_ORIGIN must be the origin/),
      ])
    },
  )

  test('does not start without keys', () => {
    expect(mistakesIn(() => loadCodecServerConfig({}))).toEqual([expect.stringMatching(/^PAYLOAD_KEYS is missing/)])
    expect(mistakesIn(() => loadCodecServerConfig({ PAYLOAD_KEYS: 'planted' }))).toEqual([
      'PAYLOAD_KEYS: key 1 must be id:base64',
    ])
  })
})
