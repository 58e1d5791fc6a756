import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { failureTypes, langGraphFailureTypes } from '../../src/client.ts'

test('the README says of every type of failure when it comes', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const [, section = ''] = /^## Failures\n(.*?)^## /ms.exec(readme) ?? []
  const rows = section.split('\n').filter((line) => line.startsWith('| `'))
  const listed = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)].map(([, type]) => type))
  const types = [...Object.values(failureTypes), ...Object.values(langGraphFailureTypes)]
  expect(new Set(listed)).toEqual(new Set(types))
})
