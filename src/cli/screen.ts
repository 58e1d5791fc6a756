import type { WatchProgress } from '../client.ts'

/** What a person reads while a command works: on stderr, so that stdout holds the outcome alone. */
export interface Screen {
  /** A line that stays. */
  say(line: string): void
  /** The line that shows where things are: rewritten on a terminal, written when it changes elsewhere. */
  show(progress: WatchProgress, now?: number): void
  /** Ends the live line. */
  clear(): void
}

export function createScreen(stream: NodeJS.WriteStream, { color }: { readonly color: boolean }): Screen {
  const dim = (text: string) => (color ? `\u001B[2m${text}\u001B[22m` : text)
  let shown = ''
  const clear = () => {
    if (stream.isTTY && shown !== '') stream.write('\r\u001B[K')
    shown = ''
  }
  return {
    say(line) {
      clear()
      stream.write(`${line}\n`)
    },
    show(progress, now = Date.now()) {
      if (stream.isTTY) {
        clear()
        shown = describe(progress, now).slice(0, stream.columns - 1)
        stream.write(dim(shown))
        return
      }
      // Without the seconds, which would make every line a new one.
      const line = describe(progress)
      if (line !== shown) stream.write(`${line}\n`)
      shown = line
    },
    clear,
  }
}

function describe(progress: WatchProgress, now?: number): string {
  const { phase, status, poll_count, elapsed_seconds, next_poll_at, last_error } = progress
  const secondsToPoll = now !== undefined && next_poll_at ? Math.round((Date.parse(next_poll_at) - now) / 1000) : 0
  return [
    phase,
    status && `run ${status}`,
    `${poll_count} poll${poll_count === 1 ? '' : 's'}`,
    now !== undefined && `${elapsed_seconds.toFixed(0)} s`,
    secondsToPoll > 0 && `next poll in ${secondsToPoll} s`,
    last_error && `last poll failed: ${last_error}`,
  ]
    .filter(Boolean)
    .join(' · ')
}

/** An outcome for a person: one field a line, values as JSON. */
export function readable(outcome: object): string {
  return Object.entries(outcome)
    .map(([field, value]) => `${field}: ${typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)}`)
    .join('\n')
}
