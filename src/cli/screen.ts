/** As much of `process.stderr` as is needed here. */
interface Output {
  write(text: string): unknown
  /** Of a terminal; knows NO_COLOR. */
  hasColors?(): boolean
}

const redrawMs = 1000
const eraseLine = '\r\u001B[K'
/** A line that wraps could not be taken back, and only the terminal knows how wide its letters are. */
const cutAtEdge = (text: string) => `\u001B[?7l${text}\u001B[?7h`
const dim = (text: string) => `\u001B[2m${text}\u001B[22m`

/** What a person reads while a command works: on stderr, so that stdout holds the outcome alone. */
export class Screen {
  readonly #stream: Output
  readonly #isLive: boolean
  #line: ((nowMs: number) => string) | undefined
  #redrawing: NodeJS.Timeout | undefined
  #written: string | undefined

  /** @param options `isLive`: on a terminal that can rewrite its last line */
  constructor(stream: Output, { isLive }: { readonly isLive: boolean }) {
    this.#stream = stream
    this.#isLive = isLive
  }

  /** Lines that stay. */
  say(text: string): void {
    this.#erase()
    this.#stream.write(`${printable(text)}\n`)
    this.#draw()
  }

  /**
   * The line that shows where things are. On a terminal it is one line, drawn anew every second until `clear`; elsewhere
   * it is written when `news` is other than the last time, and not at all without.
   */
  show(line: (nowMs: number) => string, news: string | undefined): void {
    if (this.#isLive) {
      this.#line = line
      this.#draw()
      this.#redrawing ??= setInterval(() => this.#draw(), redrawMs)
    } else if (news !== undefined && news !== this.#written) {
      this.#written = news
      this.#stream.write(`${onOneLine(line(Date.now()))}\n`)
    }
  }

  /** Takes the line away. */
  clear(): void {
    clearInterval(this.#redrawing)
    this.#redrawing = undefined
    this.#erase()
    this.#line = undefined
  }

  #erase(): void {
    if (this.#line) this.#stream.write(eraseLine)
  }

  #draw(): void {
    if (!this.#line) return
    const text = cutAtEdge(onOneLine(this.#line(Date.now())))
    this.#stream.write(eraseLine + (this.#stream.hasColors?.() ? dim(text) : text))
  }
}

/** Without what a terminal would obey: a graph or a server may have written the text. Lines stay lines. */
export function printable(text: string): string {
  return text.replaceAll(
    /[^\P{Cc}\n\t]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function onOneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' '))
}
