import { onOneLine, printable } from '../domain/printable.ts'

/** As much of `process.stderr` as is needed here. */
interface Output {
  write(text: string): unknown
  /** Terminals have it; it respects NO_COLOR. */
  hasColors?(): boolean
}

/** Each with the code that ends it. */
const styles = { bold: [1, 22], dim: [2, 22], green: [32, 39] } as const

const redrawMs = 1000
const eraseLine = '\r\u001B[K'
/** A line that wraps could not be erased, and only the terminal knows how wide its letters are. */
const cutAtEdge = (text: string) => `\u001B[?7l${text}\u001B[?7h`

/** What a person reads while a program works. */
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

  /** Writes lines that stay. */
  say(text: string): void {
    this.put(printable(text))
  }

  /**
   * Shows the current state. A terminal has one line for it, which is redrawn every second until `clear`. Elsewhere the
   * line is written only when `news` differs from the last time.
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

  clear(): void {
    clearInterval(this.#redrawing)
    this.#redrawing = undefined
    this.#erase()
    this.#line = undefined
  }

  protected put(text: string): void {
    this.#erase()
    this.#stream.write(`${text}\n`)
    this.#draw()
  }

  #erase(): void {
    if (this.#line) this.#stream.write(eraseLine)
  }

  #draw(): void {
    if (!this.#line) return
    this.#stream.write(eraseLine + this.styled('dim', cutAtEdge(onOneLine(this.#line(Date.now())))))
  }

  protected styled(name: keyof typeof styles, text: string): string {
    const [start, end] = styles[name]
    return this.#stream.hasColors?.() ? `\u001B[${start}m${text}\u001B[${end}m` : text
  }
}
