import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Redaction } from '../../src/langgraph/redaction.ts'

/** As keys and tokens are made, and with the characters that encodings change. */
const secrets = fc
  .string({
    unit: fc.constantFrom(...Array.from('abcXYZ0189-_.+/="\'\\%& <>{}$^|()[]?*#~äé')),
    minLength: 8,
    maxLength: 40,
  })
  .filter((secret) => secret.trim() === secret && secret.length >= 8)

const percent = (byte: number) => `%${byte.toString(16).padStart(2, '0')}`
const unicode = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`

const encodings: Readonly<Record<string, (secret: string) => string>> = {
  'as it is': (secret) => secret,
  'in upper case': (secret) => secret.toUpperCase(),
  'in lower case': (secret) => secret.toLowerCase(),
  'in JSON': (secret) => JSON.stringify(secret).slice(1, -1),
  'in JSON within JSON': (secret) => JSON.stringify(JSON.stringify(secret)).slice(1, -1),
  'in JSON of ASCII': (secret) => Array.from({ length: secret.length }, (_, n) => unicode(secret[n] ?? '')).join(''),
  'with escaped slashes': (secret) =>
    JSON.stringify(secret)
      .slice(1, -1)
      .replaceAll('/', String.raw`\/`),
  'as Python writes it': (secret) => secret.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`),
  'in a URL': (secret) => encodeURIComponent(secret),
  'in a URL, twice': (secret) => encodeURIComponent(encodeURIComponent(secret)),
  'in a URL, every byte': (secret) => Array.from(Buffer.from(secret), percent).join(''),
  'in a form': (secret) => new URLSearchParams({ '': secret }).toString().slice(1),
  'in HTML': (secret) => secret.replace(/["&<>']/g, (character) => `&#${character.charCodeAt(0)};`),
  'in base64': (secret) => Buffer.from(secret).toString('base64'),
  'in base64 for URLs': (secret) => Buffer.from(secret).toString('base64url'),
  'in hex': (secret) => Buffer.from(secret).toString('hex'),
  'in upper hex': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
}

describe('a secret', () => {
  test.each(Object.entries(encodings))('is hidden %s', (_, encode) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const redaction = new Redaction([secret])
        expect(redaction.text(`key: ${encode(secret)} was refused`)).toMatch(
          /^key: [\\"]*\[secret\][\\"]* was refused$/,
        )
      }),
      { numRuns: 300 },
    )
  })

  test('is hidden in base64 wherever it begins in what was encoded', () => {
    fc.assert(
      fc.property(secrets, fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), (secret, before, after) => {
        const hidden = new Redaction([secret]).text(Buffer.from(before + secret + after).toString('base64'))
        expect(hidden).toContain('[secret]')
        const left = hidden.split('[secret]').map((part) => Buffer.from(part, 'base64').toString('utf8'))
        for (const part of left) expect(part.length).toBeLessThan(before.length + after.length + 5)
      }),
    )
  })

  test('is hidden in any text, and nothing else is', () => {
    fc.assert(
      fc.property(secrets, fc.array(fc.string()), (secret, texts) => {
        const redaction = new Redaction([secret])
        const innocent = texts.map((text) => redaction.text(text)).every((text, n) => text === texts[n])
        fc.pre(innocent)
        expect(redaction.text(texts.join(secret)).toLowerCase()).not.toContain(secret.toLowerCase())
      }),
    )
  })

  test('is hidden in its parts', () => {
    const headers = [
      'Bearer planted-token',
      'Token token="quoted-token-9"',
      'session=abc123; theme=darkest1; id="k8=x9y9z9"',
      `Basic ${Buffer.from('someone:pa55').toString('base64')}`,
    ]
    const redaction = new Redaction(headers)
    const parts = [
      'planted-token',
      'quoted-token-9',
      'abc123',
      'darkest1',
      'x9y9z9',
      'someone:pa55',
      'pa55',
      headers[0] ?? '',
    ]
    for (const part of parts) expect(redaction.text(`said ${part}.`)).toBe('said [secret].')
  })

  test.each(['Bearer', 'token', 'session', 'theme', 'Basic', 'dark', 'k8', 'latest'])(
    'has parts that are plain or short words, and stay: %s',
    (word) => {
      const headers = ['Bearer planted-token', 'Token token="x"', 'session=dark; theme=k8', 'Basic eA==', 'test']
      expect(new Redaction(headers).text(`the ${word} is`)).toBe(`the ${word} is`)
    },
  )

  test('of fewer than four characters is not hidden', () => {
    expect(new Redaction(['eu', '', '1', 'abc']).text('eu 1 abc')).toBe('eu 1 abc')
  })

  test('that a cut has shortened is hidden too', () => {
    const redaction = new Redaction(['planted-key'])
    expect(redaction.begin('it says plante')).toBe('it says [secret]')
    expect(redaction.begin('planted-key and plan')).toBe('[secret] and [secret]')
    expect(redaction.begin('it says no')).toBe('it says no')
  })
})

test('hiding takes time in proportion to the text, whatever the secret is made of', () => {
  const hostile = ['\\'.repeat(1000), 'a'.repeat(1000), '%25'.repeat(300), '&#0000000000'.repeat(80), '='.repeat(500)]
  for (const secret of hostile) {
    const redaction = new Redaction([secret, `Bearer ${secret}x`, `a="${secret}"; b=${secret}`])
    for (const filling of [...hostile, '\\', 'a', '%', '%25', '&#0', '[secret]']) {
      const text = filling.repeat(16_384 / filling.length)
      const before = process.cpuUsage()
      redaction.begin(text)
      expect(process.cpuUsage(before).user / 1000).toBeLessThan(2000)
    }
  }
})
