import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { allWords } from '../../src/cli/list/states.ts'
import { optionFor, positionalFields } from '../../src/cli/options.ts'
import { run as runCommand } from '../../src/cli/program.ts'
import { Screen } from '../../src/cli/screen.ts'
import type { Parsed } from '../../src/domain/fields.ts'
import {
  parseCancelRunInput,
  parseExecuteRunInput,
  parseResumeInput,
  parseRetrieveRunResultInput,
  parseWatchRunInput,
} from '../../src/domain/parse-input.ts'
import { workerVariables } from '../containers/variables.ts'

const run = ['0199a1b2-c3d4-7e5f-8a9b-000000000001', '0199a1b2-c3d4-7e5f-8a9b-000000000002'] as const

/** In this process, in which a command that asks for Temporal fails. */
async function runHere(args: readonly string[], stdin = '') {
  const [stdout, stderr] = [[''], ['']]
  const code = await runCommand(args, {
    screen: new Screen({ write: (text) => stderr.push(text) }, { isLive: false }),
    readInput: () => Promise.resolve(Buffer.from(stdin)),
    env: {},
    connect: () => Promise.reject(new Error('Temporal was asked')),
    print: (text) => stdout.push(`${text}\n`),
    atCtrlC: () => undefined,
  })
  return { code, stdout: stdout.join(''), stderr: stderr.join('') }
}

const commands = [
  'watch',
  'execute',
  'retrieve',
  'retry',
  'status',
  'cancel',
  'resume',
  'wake',
  'list',
  'doctor',
  'webhook-url',
  'worker',
  'completion',
]

describe('--help teaches with examples', () => {
  test.each(commands)('langgraph-runs %s --help', async (command) => {
    const ended = await runHere([command, '--help'])
    const byHelp = await runHere(['help', command])

    expect(ended).toMatchObject({ code: 0, stderr: '' })
    expect(ended.stdout.startsWith(`Usage: langgraph-runs ${command} [options]`)).toBe(true)
    expect(ended.stdout).toMatch(new RegExp(`\nExamples:\n[^]*\n {2}\\$ [^\n]*langgraph-runs ${command}\\b`))
    expect(ended.stdout).toMatch(
      /\nGlobal Options:\n[^]*\n {2}--address <[^]*\n {2}--namespace <[^]*\n {2}--task-queue </,
    )
    expect(byHelp).toEqual(ended)
  })

  test('langgraph-runs --version', async () => {
    const { version }: { version: string } = JSON.parse(await readFile('package.json', 'utf8'))

    expect(await runHere(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
  })

  test('langgraph-runs --help has every command', async () => {
    const { stdout } = await runHere(['--help'])

    const [, list = ''] = stdout.split('Commands:\n')
    expect([...list.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name)).toEqual([...commands, 'help'])
  })

  test('langgraph-runs --help has the environment and the exit codes, also when no command is given: 64', async () => {
    const asked = await runHere(['--help'])
    const bare = await runHere([])

    expect(asked).toMatchObject({ code: 0, stderr: '' })
    expect(asked.stdout).toMatch(/\nExamples:\n {2}\$ langgraph-runs watch [^]*\nEnvironment:\n[^]*\nExit codes:\n/)
    const [, codes = ''] = asked.stdout.split('Exit codes:\n')
    expect([...codes.matchAll(/^ +(\d+) /gm)].map(([, code]) => Number(code))).toEqual([
      0, 1, 2, 3, 4, 5, 6, 64, 69, 130,
    ])
    expect(bare).toEqual({ code: 64, stdout: '', stderr: asked.stdout })
  })
})

test('langgraph-runs list --help explains every state', async () => {
  const { stdout } = await runHere(['list', '--help'])

  const [, explained = ''] = stdout.split('States of an open one:')
  expect(allWords.filter((word) => !new RegExp(`\\b${word}\\b`).test(explained))).toEqual([])
})

test('langgraph-runs retry --help has its own defaults', async () => {
  const { stdout } = await runHere(['retry', '--help'])
  const text = stdout.replaceAll(/\s+/g, ' ')

  expect(text).toContain('2-100 (default: 2)')
  expect(text).toContain('the pause before the second run (default: 1s)')
})

test('langgraph-runs worker --help names every variable of the worker that is not one of Temporal or OpenTelemetry', async () => {
  const { stdout } = await runHere(['worker', '--help'])
  const own = (await workerVariables()).filter((name) => !/^(TEMPORAL|OTEL)_/.test(name))

  expect(own).toContain('PAYLOAD_KEYS')
  expect(own.filter((name) => !new RegExp(`\\b${name}\\b`).test(stdout))).toEqual([])
})

describe('every field of an input has its option, and a sentence about it names that', () => {
  test.each([
    ['watch', parseWatchRunInput],
    ['execute', parseExecuteRunInput],
    ['retrieve', parseRetrieveRunResultInput],
    ['cancel', parseCancelRunInput],
    ['resume', parseResumeInput],
  ] as const)('langgraph-runs %s', async (command, parse) => {
    const { stdout: help } = await runHere([command, '--help'])
    const isInHelp = (word: string) => new RegExp(`^ {2}${word.toLowerCase()} `, 'm').test(help)

    const words = fieldsOf(parse).map((field) => optionFor(field, positionalFields(command)))

    expect(words.filter((word) => !isInHelp(word))).toEqual([])
    expect(words).not.toEqual([])
  })
})

/** As the parser itself names them. */
function fieldsOf(parse: (input: unknown) => Parsed<unknown>): readonly string[] {
  const parsed = parse({ 'none such': 1 })
  const problems = parsed.kind === 'refused' ? parsed.problems : []
  return problems.flatMap((problem) => (problem.kind === 'unknown' ? problem.known : []))
}

describe('misuse is refused before Temporal is asked for anything: 64', () => {
  test.each([
    [['wacth', ...run], "error: unknown command 'wacth'\n(Did you mean watch?)"],
    [['watch', ...run, '--pol-interval', '5s'], "unknown option '--pol-interval'\n(Did you mean --poll-interval?)"],
    [['watch', run[0]], 'Which watch? Give THREAD RUN, or --id; `langgraph-runs list` shows the ids'],
    [['watch', '--id', 'a', '--max-poll-time', '1h'], 'combine it only with --json, --detach and --require-worker'],
    [['status', '--id', ''], '--id has 0 bytes of UTF-8: must be 1-1000'],
    [['execute', 'g', '--id', 'ä'.repeat(501)], '--id has 1002 bytes of UTF-8: must be 1-1000'],
    [['execute', 'g', '--input', '1', '--command', '{}'], "'--command <json>' cannot be used with option '--input"],
    [['watch', ...run, '--max-poll-time', '600'], 'Seconds or milliseconds? Write 600s or 600ms.'],
    [['watch', ...run, '--poll-interval', '5s', '--maximum-interval', '1m'], 'cannot be used with option'],
    [['watch', ...run, '--backoff-coefficient', 'two'], 'It must be a number from 1 to 10.'],
    [['watch', ...run, '--on-unsuccessful', 'panic'], 'Allowed choices are return, fail.'],
    [['execute'], "error: missing required argument 'assistant'"],
    [['execute', 'g', '--input', '{a}'], `--input is not JSON (`],
    [['execute', 'g', '--input', 'text'], `write JSON, such as '{"symbol": "AAPL"}', or '"a text"' with its quotes`],
    [['execute', 'g', '--input', '@/nowhere/a.json'], 'the file /nowhere/a.json (--input) cannot be read: ENOENT'],
    [['execute', 'g', '--input', '-'], 'stdin (--input) is not JSON ('],
    [['execute', 'g', '--input', '-', '--config', '-'], 'Only one of --input, --config can read stdin'],
    [['execute', 'g', '--id', ''], '--id has 0 bytes of UTF-8: must be 1-1000'],
    [['execute', '', '--thread-id', 'x'], 'execute: --thread-id is "x": must be a UUID such as'],
    [['execute', ''], 'ASSISTANT is "": must be a non-empty text'],
    [
      ['execute', 'g', '--command', '1', '--after-seconds', '0.5'],
      '--command is 1: must be an object; --after-seconds is',
    ],
    [['execute', 'g', '--after-seconds', 'soon'], 'It must be a number of seconds.'],
    [['execute', 'g', '--metadata', '{"temporal_workflow": 1}'], 'must be an object without "temporal_workflow"'],
    [['execute', 'g', '--webhook', 'there'], '--webhook is "there": must be a URL'],
    [['execute', 'g', '--on-cancel', 'panic'], 'Allowed choices are leave, cancel_run.'],
    [['watch', ...run, '--on-interrupt', 'panic'], 'Allowed choices are return, wait.'],
    [['watch', ...run, '--human-timeout', '1000y'], '--human-timeout is "1000y": must be a duration'],
    [['watch', ...run, '--retry-attempts', '1'], '--retry-attempts is 1: must be a whole number from 2 to 100'],
    [['watch', ...run, '--retry-attempts', 'some'], 'It must be a whole number from 2 to 100.'],
    [['execute', 'g', '--retry-initial-interval', '1s'], '--retry-attempts is missing: must be a whole number'],
    [
      ['watch', ...run, '--retry-attempts', '3', '--retry-initial-interval', '2s', '--retry-maximum-interval', '1s'],
      '--retry-maximum-interval is "1s": must be at least the first interval',
    ],
    [['retry'], 'Which watch? Give THREAD RUN, or --id'],
    [['retry', ...run, '--id', 'x'], 'Give THREAD RUN, or --id alone'],
    [['cancel'], 'Which watch? Give THREAD RUN, or --id'],
    [['cancel', ...run, '--action', 'panic'], 'Allowed choices are interrupt, rollback.'],
    [['resume', 'x', 'y'], 'Invalid input for resume: THREAD is "x": must be a UUID such as'],
    [['resume', ...run, '--value', 'null'], '--value is null: must be any JSON but null, or a text'],
    [['resume', ...run, '--value', '{"yes"'], '--value is not JSON ('],
    [['resume', ...run, '--value', '"yes'], '--value is not JSON ('],
    [['resume', ...run, '--value', ''], '--value is empty: must be any JSON but null, or a text'],
    [
      ['resume', ...run, '--value', '1285704473650888702'],
      '--value holds integers beyond 2^53, which would be rounded ($): write each as a text, in quotes',
    ],
    [
      ['execute', 'g', '--input', '{"order": {"id": 9007199254740993}}'],
      '--input holds integers beyond 2^53, which would be rounded (order.id): write each as a text, in quotes',
    ],
    [['execute', 'g', '--input', '-', '--config', '{"a": [-9007199254740993]}'], '--config holds integers beyond 2^53'],
    [['execute', 'g', '--input', '{symbol: AAPL}'], 'the shell has probably removed its quotes, so write it to a file'],
    [['list', '--limit', '0'], 'It must be a whole number from 1 to 10000.'],
    [['list', '--state', 'human,asleep'], 'States are creating, waiting, outage, human,'],
    [['list', '--since', '24'], 'Seconds or milliseconds? Write 24s or 24ms.'],
    [['list', '--since', 'yesterday'], 'It must be a duration above 0 and at most 365d'],
    [['list', '--thread', 'x'], 'It must be a UUID such as'],
    [['list', '--deployment', 'a b'], "It must be a deployment's name"],
    [['wake'], 'Which watch? Give THREAD RUN, or --id'],
    [['wake', '--id', ''], '--id has 0 bytes of UTF-8: must be 1-1000'],
    [['completion'], "error: missing required argument 'shell'"],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish.'],
    [['watch', '-'], 'stdin names no run: write THREAD RUN, one pair a line'],
    [['status'], 'Which watch? Give THREAD RUN, or --id; `langgraph-runs list` shows the ids'],
    [['status', ...run, '--id', 'watch-run/x'], 'Give THREAD RUN, or --id alone'],
    [['status', 'x', 'y'], 'Invalid input for status: THREAD is "x": must be a UUID such as'],
    [
      ['retrieve', ...run, '--result-keys', ''],
      '--result-keys is [""]: must be 1-100 non-empty field names of at most 200 bytes each',
    ],
    [
      ['watch', ...run, '--poll-interval', 'soon', '--deployment', 'a b', '--retrieval-timeout', '2h'],
      'Invalid input for watch: ' +
        `--deployment is "a b": must be a deployment's name: 1-63 letters, digits, '.', '_' or '-', the first a letter or digit; ` +
        `--poll-interval is "soon": must be a duration above 0 and at most 365d, such as '10s'; ` +
        `--retrieval-timeout is "2h": must be a duration from 1s to 1h, such as '30s'. \`langgraph-runs watch --help\``,
    ],
    [
      ['watch', ...run, '--initial-interval', '5s', '--maximum-interval', '3s', '--retrieval-order', 'a,a'],
      '--maximum-interval is "3s": must be at least the first interval; --retrieval-order is ["a","a"]: must be 1-3 of',
    ],
  ])('langgraph-runs %j', async (args, error) => {
    const ended = await runHere(args)

    expect(ended).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining(error) })
  })
})

test.each([
  ['a b c', 'Line 2 of stdin is "a b c": must be THREAD RUN'],
  [run[0], `Line 2 of stdin is "${run[0]}": must be THREAD RUN`],
  [`x ${run[1]}`, 'Line 2 of stdin: Invalid input for watch: THREAD is "x": must be a UUID such as'],
])('a line of stdin that names no run is refused before anything is started: %s', async (line, error) => {
  const ended = await runHere(['watch', '-'], `${run.join(' ')}  # first\n${line}\n`)

  expect(ended).toMatchObject({ code: 64, stdout: '', stderr: expect.stringContaining(error) })
})
