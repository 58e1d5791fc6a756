import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { runArguments } from '../../src/cli/run-of.ts'
import { quoted } from '../../src/domain/printable.ts'

test.each(['order/4711', 'a b', "it's", '$HOME `id` "x" \\ !', 'ü;*', ''])('a shell reads %j as one word', (word) => {
  expect(execFileSync('sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })).toBe(word)
})

test('a word that needs no quotes has none', () => {
  expect(quoted('watch-run/default/a_1.b:c@d')).toBe('watch-run/default/a_1.b:c@d')
})

test('a run is named with its deployment, if that is not the default', () => {
  const run = { threadId: 'T', runId: 'R' }

  expect(runArguments(run)).toBe('T R')
  expect(runArguments({ ...run, deployment: 'default' })).toBe('T R')
  expect(runArguments({ ...run, deployment: 'research' })).toBe('T R --deployment research')
})
