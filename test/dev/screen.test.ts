import { afterEach, describe, expect, test, vi } from 'vitest'
import { Screen } from '../../dev/screen.ts'

afterEach(() => vi.unstubAllEnvs())

/** What a screen of this kind writes. */
function written(kind: { isTTY: boolean; hasColors: boolean; columns?: number }, show: (screen: Screen) => void) {
  const texts: string[] = []
  const { isTTY, hasColors, columns = 80 } = kind
  show(new Screen({ isTTY, columns, hasColors: () => hasColors, write: (text) => texts.push(text) }))
  return texts.join('')
}

function waitForRun(screen: Screen): void {
  screen.live('1 poll', '0.1 s')
  screen.live('1 poll', '0.2 s')
  screen.live('2 polls', '0.3 s')
  screen.done('Run', 'success')
}

function showTitle(screen: Screen): void {
  screen.title('Outcome')
}

describe('Screen', () => {
  test('keeps one line up to date on a terminal, and puts what comes next in its place', () => {
    vi.stubEnv('TERM', 'xterm')

    const text = written({ isTTY: true, hasColors: false }, waitForRun)

    const lines = text.split('\r\u001B[2K').map((line) => line.slice(2))
    expect(lines).toEqual(['', '1 poll · 0.1 s', '1 poll · 0.2 s', '2 polls · 0.3 s', 'Run              success\n'])
  })

  test('cuts the line to the width of the terminal, since a longer one could not be erased', () => {
    vi.stubEnv('TERM', 'xterm')

    const text = written({ isTTY: true, hasColors: false, columns: 20 }, (screen) => screen.live('x'.repeat(100)))

    expect(text.replace('\r\u001B[2K', '')).toHaveLength(19)
  })

  test('colours on a terminal, unless it is told not to', () => {
    expect(written({ isTTY: true, hasColors: true }, showTitle)).toBe('\n\u001B[1mOutcome\u001B[22m\n')
    expect(written({ isTTY: true, hasColors: false }, showTitle)).toBe('\nOutcome\n')
  })

  test.each([
    { isTTY: false, term: 'xterm' },
    { isTTY: true, term: 'dumb' },
  ])('writes plain lines, each once, where a line cannot be changed (%o)', ({ isTTY, term }) => {
    vi.stubEnv('TERM', term)

    const text = written({ isTTY, hasColors: false }, waitForRun)

    expect(text).toBe('  1 poll\n  2 polls\n✔ Run              success\n')
  })
})
