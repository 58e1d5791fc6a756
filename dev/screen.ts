/** As much of `process.stdout` as is needed here. */
interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  write(text: string): unknown
  hasColors?(): boolean
}

/** Each with the code that ends it. `styleText` of Node looks at `process.stdout`, whatever is written to. */
const styles = { bold: [1, 22], dim: [2, 22], green: [32, 39], cyan: [36, 39] } as const

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const eraseLine = '\r\u001B[2K'

/** Text for a person: coloured and with a live line on a terminal, plain lines anywhere else. */
export class Screen {
  readonly #stream: Output
  readonly #isLive: boolean
  readonly #isColoured: boolean
  #frame = 0
  #shown: string | undefined

  constructor(stream: Output) {
    this.#stream = stream
    // `hasColors` knows NO_COLOR.
    this.#isColoured = stream.isTTY === true && stream.hasColors?.() === true
    this.#isLive = stream.isTTY === true && process.env['TERM'] !== 'dumb'
  }

  title(text: string, more = ''): void {
    this.line(`\n${this.style('bold', text)}${more && `: ${more}`}`)
  }

  line(text = ''): void {
    this.clear()
    this.#stream.write(`${text}\n`)
  }

  /** A name and what belongs to it, in two columns. */
  row(name: string, text: string): void {
    this.line(`  ${this.style('dim', name.padEnd(16))} ${text}`)
  }

  link(name: string, url: string): void {
    this.row(name, this.style('cyan', url))
  }

  done(name: string, text: string): void {
    this.line(`${this.style('green', '✔')} ${name.padEnd(16)} ${text}`)
  }

  /** What is going on. On a terminal one line that changes: `detail` changes all the time, so elsewhere it is left out. */
  live(text: string, detail = ''): void {
    if (!this.#isLive) {
      if (text !== this.#shown) this.#stream.write(`  ${text}\n`)
      this.#shown = text
      return
    }
    this.#shown = text
    this.#frame = (this.#frame + 1) % frames.length
    const line = `${text}${detail && ` · ${detail}`}`.slice(0, (this.#stream.columns ?? 80) - 3)
    this.#stream.write(`${eraseLine}${this.style('cyan', frames[this.#frame] ?? '')} ${line}`)
  }

  clear(): void {
    if (this.#isLive && this.#shown !== undefined) this.#stream.write(eraseLine)
    this.#shown = undefined
  }

  style(name: keyof typeof styles, text: string): string {
    const [start, end] = styles[name]
    return this.#isColoured ? `\u001B[${start}m${text}\u001B[${end}m` : text
  }
}
