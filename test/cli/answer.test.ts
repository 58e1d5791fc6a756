import { PassThrough } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { answerTo } from '../../src/cli/answer.ts'
import { Dialog } from '../../src/cli/dialog.ts'
import type { WatchProgress } from '../../src/client.ts'

const waiting = (...interrupts: NonNullable<WatchProgress['interrupts']>): WatchProgress => ({
  phase: 'interrupted',
  poll_count: 1,
  started_at: '2026-11-28T10:00:00.000Z',
  elapsed_seconds: 1,
  interrupts,
})
const question = { id: 'q1', value: 'buy?' }
const another = { id: 'q2', value: 'sell?' }

/** A person who says these lines, each when asked. */
function person(...lines: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  const left = [...lines]
  const heard: string[] = []
  output.on('data', (chunk) => {
    heard.push(String(chunk))
    if (!/[:?\]] $/.test(String(chunk))) return
    const line = left.shift()
    if (line === undefined) input.end()
    else input.write(`${line}\n`)
  })
  const dialog = new Dialog(input, output, () => undefined)
  return { dialog, heard, left, say: (text: string) => void heard.push(text) }
}

describe('on a terminal', () => {
  test.each<{ typed: string; value: unknown }>([
    { typed: '{"approved": true}', value: { approved: true } },
    { typed: 'false', value: false },
    { typed: '0', value: 0 },
    { typed: '"42"', value: '42' },
    { typed: ' wait a week ', value: 'wait a week' },
  ])('$typed is sent as $value', async ({ typed, value }) => {
    const { dialog, say } = person(typed, 'y')

    const answer = await answerTo(waiting(question), {}, { dialog, say, yes: false })

    expect(answer).toEqual({ interruptId: 'q1', value })
  })

  test.each(['{"yes"', '["yes', '"yes', '{approved: true}', '1285704473650888702'])(
    '%s is a slip, and is asked for again',
    async (typed) => {
      const { dialog, say, heard } = person(typed, 'no', 'y')

      const answer = await answerTo(waiting(question), {}, { dialog, say, yes: false })

      expect(answer).toEqual({ interruptId: 'q1', value: 'no' })
      expect(heard).toContainEqual(expect.stringMatching(/^The answer (is not JSON|holds integers beyond 2\^53)/))
    },
  )

  test.each([
    { offered: { answers: ['yes', 'no'] }, prompt: 'The answer, yes or no (JSON' },
    { offered: { choices: [1, '1', { buy: 'AAPL' }] }, prompt: 'The answer, 1 or "1" or {"buy":"AAPL"} (JSON' },
    { offered: { answers: 'yes' }, prompt: 'The answer (JSON' },
  ])('the answers that a question offers are shown: $prompt', async ({ offered, prompt }) => {
    const { dialog, say, heard } = person('"1"', 'y')

    await answerTo(waiting({ id: 'q1', value: { question: 'buy?', ...offered } }), {}, { dialog, say, yes: false })

    expect(heard[0]).toContain(prompt)
  })

  test('an answer that the question does not offer is sent only after a word about that', async () => {
    const { dialog, say, heard } = person('{"approved": true}', 'y')
    const offering = waiting({ id: 'q1', value: { answers: ['yes', 'no'] } })

    await answerTo(offering, {}, { dialog, say, yes: false })
    const given = await answerTo(offering, { value: 'maybe' }, { dialog: undefined, say, yes: false })
    await answerTo(offering, { value: 'yes' }, { dialog: undefined, say, yes: false })

    expect(heard[1]).toBe('Send {"approved":true}, which the question does not offer? [y/N] ')
    expect(given).toEqual({ interruptId: 'q1', value: 'maybe' })
    expect(heard.slice(2)).toEqual(['The question offers yes or no; this is another answer'])
  })

  test('an empty answer or null is asked for again', async () => {
    const { dialog, say, heard } = person('', 'null', 'now', 'YES')

    const answer = await answerTo(waiting(question), {}, { dialog, say, yes: false })

    expect(answer).toEqual({ interruptId: 'q1', value: 'now' })
    expect(heard.filter((text) => /^The answer is (empty|null): must be any JSON but null/.test(text))).toHaveLength(2)
    expect(heard).toContain('Send "now"? [y/N] ')
  })

  test('of several questions one is chosen by its number; one without an id cannot be', async () => {
    const { dialog, say } = person('3', '0', 'two', '2', '7', 'y')

    const answer = await answerTo(waiting(question, another, { value: 'no id' }), {}, { dialog, say, yes: false })

    expect(answer).toEqual({ interruptId: 'q2', value: 7 })
  })

  test('a question that was named is not asked about again, and --yes confirms', async () => {
    const { dialog, say, left } = person('7', 'not asked for')

    const answer = await answerTo(waiting(question, another), { interruptId: 'q1' }, { dialog, say, yes: true })

    expect(answer).toEqual({ interruptId: 'q1', value: 7 })
    expect(left).toEqual(['not asked for'])
  })

  test.each(['', 'n', 'yess'])('nothing is sent at "%s"', async (reply) => {
    const { dialog, say } = person('1', reply)

    const answer = answerTo(waiting(question), {}, { dialog, say, yes: false })

    await expect(answer).rejects.toMatchObject({ exitCode: 64, message: 'Nothing was sent' })
  })

  test('an answer that was given is sent without asking', async () => {
    const { dialog, say, heard } = person()

    const answer = await answerTo(waiting(question), { value: 1 }, { dialog, say, yes: false })

    expect(answer).toEqual({ interruptId: 'q1', value: 1 })
    expect(heard).toEqual([])
  })

  test('nothing is sent when the input ends', async () => {
    const { dialog, say } = person()

    const answer = answerTo(waiting(question), {}, { dialog, say, yes: false })

    await expect(answer).rejects.toMatchObject({ exitCode: 64, message: 'No answer was given, so nothing was sent' })
  })

  test('at a breakpoint only whether to continue is asked', async () => {
    const { dialog, say, heard } = person('y')

    const answer = await answerTo(waiting(), {}, { dialog, say, yes: false })

    expect(answer).toEqual({})
    expect(heard).toEqual(['Continue? [y/N] '])
  })
})

describe('without a terminal', () => {
  const say = vi.fn<(text: string) => void>()

  test('an answer that was given is sent; to continue from a breakpoint --yes is needed', async () => {
    const [nobody, sure] = [
      { dialog: undefined, say, yes: false },
      { dialog: undefined, say, yes: true },
    ]

    expect(await answerTo(waiting(question), { value: 1 }, nobody)).toEqual({ interruptId: 'q1', value: 1 })
    expect(await answerTo(waiting(question, another), { value: 1 }, nobody)).toEqual({ value: 1 })
    expect(await answerTo(waiting(), {}, sure)).toEqual({})
    await expect(answerTo(waiting(), {}, nobody)).rejects.toMatchObject({ exitCode: 64 })
    await expect(answerTo(waiting(question), {}, sure)).rejects.toMatchObject({ exitCode: 64 })
  })
})
