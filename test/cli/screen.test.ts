import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DemoScreen } from '../../dev/demo/screen.ts'
import { readable } from '../../src/domain/readable.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

const seconds = (nowMs: number) => `${nowMs / 1000} s`

/** The demo's screen is that of the command line, with headings and rows. */
function screenOn(options: { readonly isLive: boolean; readonly colours?: boolean }) {
  const stream = {
    written: '',
    write(text: string) {
      this.written += text
    },
    hasColors: () => options.colours ?? false,
  }
  return { stream, screen: new DemoScreen(stream, options) }
}

const [eraseLine, noWrap, wrap] = ['\r\u{1b}[K', '\u{1b}[?7l', '\u{1b}[?7h'] as const

function tell(screen: DemoScreen): void {
  screen.title('Outcome')
  screen.row('polls', '4')
  screen.done('Result', 'BUY\u{1b}')
}

/** What a terminal shows in the end. */
function linesOf({ written }: { readonly written: string }): string[] {
  const plain = written.replaceAll(noWrap, '').replaceAll(wrap, '')
  return plain.split('\n').map((line) => line.split(eraseLine).at(-1) ?? '')
}

describe('on a terminal', () => {
  test('one line is rewritten every second, without another call', () => {
    const { stream, screen } = screenOn({ isLive: true })

    screen.show(seconds, undefined)
    const first = linesOf(stream)
    vi.advanceTimersByTime(2000)

    expect(first).toEqual(['0 s'])
    expect(linesOf(stream)).toEqual(['2 s'])
    expect(vi.getTimerCount()).toBe(1)
  })

  test('what is said stays above the line', () => {
    const { stream, screen } = screenOn({ isLive: true })
    screen.show(() => 'working', 'news')

    screen.say('one\ntwo')

    expect(linesOf(stream)).toEqual(['one', 'two', 'working'])
  })

  test('the line leaves nothing behind: no text and no timer', () => {
    const { stream, screen } = screenOn({ isLive: true })
    screen.show(() => 'working', 'news')

    screen.clear()
    screen.say('done')

    expect(linesOf(stream)).toEqual(['done', ''])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('the line never wraps and never becomes two, whatever a server said', () => {
    const { stream, screen } = screenOn({ isLive: true })

    screen.show(() => `${'服务'.repeat(100)}\n\u{1b}[31mred\u{7}`, 'news')

    const text = `${'服务'.repeat(100)} \\u001b[31mred\\u0007`
    expect(stream.written).toBe(eraseLine + noWrap + text + wrap)
  })

  test.each([
    [true, '\u{1b}[2m'],
    [false, ''],
  ])('the line is dim if the terminal has colours: %s', (colours, code) => {
    const { stream, screen } = screenOn({ isLive: true, colours })

    screen.show(() => 'working', 'news')

    expect(stream.written).toContain(`${eraseLine}${code}${noWrap}working${wrap}`)
  })
})

describe('headings and rows', () => {
  test('are plain lines without colours, and hold nothing that a terminal would obey', () => {
    const { stream, screen } = screenOn({ isLive: false })

    tell(screen)

    expect(stream.written).toBe('\nOutcome\n  polls            4\n✔ Result           BUY\\u001b\n')
  })

  test('are styled with colours', () => {
    const { stream, screen } = screenOn({ isLive: false, colours: true })

    tell(screen)

    expect(stream.written.split('\n')).toEqual([
      '',
      '\u{1b}[1mOutcome\u{1b}[22m',
      '  \u{1b}[2mpolls           \u{1b}[22m 4',
      '\u{1b}[32m✔\u{1b}[39m Result           BUY\\u001b',
      '',
    ])
  })

  test('stay above the line that shows the current state', () => {
    const { stream, screen } = screenOn({ isLive: true })
    screen.show(() => '2 polls', 'news')

    tell(screen)

    expect(linesOf(stream).slice(1)).toEqual([
      'Outcome',
      '  polls            4',
      '✔ Result           BUY\\u001b',
      '2 polls',
    ])
  })
})

describe('elsewhere', () => {
  test('each piece of news is a line of its own, and repeated news is not', () => {
    const { stream, screen } = screenOn({ isLive: false, colours: true })

    for (const news of ['1 poll', '1 poll', undefined, '2 polls']) {
      screen.show(seconds, news)
      vi.advanceTimersByTime(1000)
    }
    screen.clear()
    screen.say('done')

    expect(stream.written).toBe('0 s\n3 s\ndone\n')
    expect(vi.getTimerCount()).toBe(0)
  })
})

test('a value is readable: fields below each other, plain lists on one line, other lists item by item', () => {
  const value = {
    status: 'success',
    result: { symbol: 'AAPL', prices: [1, 2], report: 'one\ntwo', nothing: {}, none: null, empty: [] },
    attempts: [{ strategy: 'thread_state' }, 'and\u{1b}more'],
    'evil\u{1b}key': '\u{9b}31m',
  }

  expect(readable(value).split('\n')).toEqual([
    'status: success',
    'result:',
    '  symbol: AAPL',
    '  prices: [1,2]',
    '  report:',
    '    one',
    '    two',
    '  nothing: {}',
    '  none: null',
    '  empty: []',
    'attempts:',
    '  - {"strategy":"thread_state"}',
    '  - "and\\u001bmore"',
    'evil\\u001bkey: \\u009b31m',
  ])
})
