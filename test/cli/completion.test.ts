import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runHere } from './here.ts'

const run = promisify(execFile)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'completion-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function script(shell: string): Promise<string> {
  const { code, stdout } = await runHere(['completion', shell])
  expect(code).toBe(0)
  const file = join(folder, shell)
  await writeFile(file, stdout)
  return file
}

function lines(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** What each shell offers for the last word. */
const shells: Readonly<Record<string, (file: string, words: readonly string[]) => Promise<string[]>>> = {
  bash: async (file, words) => {
    const line = `source "$0"; COMP_WORDS=(langgraph-runs "$@"); COMP_CWORD=$#; _langgraph_runs; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = await run('bash', ['--norc', '-c', line, file, ...words])
    return lines(stdout)
  },
  zsh: async (file, words) => {
    // The functions of zsh's own completion show what they are given, which zsh itself would filter by the word.
    const line = `compdef() {}; _describe() { print -l -- \${(P)argv[-1]} }
      compset() { [[ $PREFIX == *,* ]] && IPREFIX=\${PREFIX%,*}, PREFIX=\${PREFIX##*,} }
      compadd() { print -l -- $IPREFIX\${^argv[\${argv[(i)--]}+1,-1]} }; source $0
      words=(langgraph-runs "$@"); CURRENT=$#words; PREFIX=$words[-1]; _langgraph_runs`
    const { stdout } = await run('zsh', ['-fc', line, file, ...words])
    const offered = lines(stdout).map((one) => one.split(':')[0] ?? '')
    return offered.filter((one) => one.startsWith(words.at(-1) ?? ''))
  },
  fish: async (file, words) => {
    const line = `source $argv[1]; complete -C (string join -- ' ' langgraph-runs $argv[2..-1])`
    const { stdout } = await run('fish', ['--no-config', '-c', line, file, ...words])
    return lines(stdout).map((one) => one.split('\t')[0] ?? '')
  },
}

describe.each(Object.keys(shells))('completion %s', (shell) => {
  const isThere = spawnSync(shell, ['--version']).error === undefined

  // In CI a shell that is missing must not go unnoticed.
  test.runIf(isThere || process.env['CI']).each([
    [['wa'], ['wake', 'watch']],
    [
      ['list', '--wa'],
      ['--waiting', '--watch'],
    ],
    [['--namespace', 'x', 'list', '--st'], ['--state']],
    [['list', '--state', 'hu'], ['human']],
    [['list', '--state', 'human'], ['human']],
    [
      ['list', '--state', 'human,error,t'],
      ['human,error,terminated', 'human,error,timed_out', 'human,error,timeout'],
    ],
    [['list', '--state', 'error,human,hu'], []],
    [
      ['retrieve', 'T', 'R', '--retrieval-order', 'thread_state,'],
      ['thread_state,join_stream', 'thread_state,stream_values'],
    ],
    [
      ['execute', 'g', '--durability', ''],
      ['async', 'exit', 'sync'],
    ],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [['watch', '--task-q'], ['--task-queue']],
  ])('langgraph-runs %j', async (words, expected) => {
    const offered = await shells[shell]?.(await script(shell), words)

    expect(offered?.filter((one) => words.at(-1) !== '' || !one.startsWith('-')).toSorted()).toEqual(expected)
  })
})
