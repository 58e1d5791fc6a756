import { Screen } from '../../src/cli/screen.ts'
import { printable } from '../../src/domain/printable.ts'

const nameWidth = 16

/** The command line's screen, with headings, and rows in two columns. */
export class DemoScreen extends Screen {
  title(text: string): void {
    this.put(`\n${this.styled('bold', printable(text))}`)
  }

  row(name: string, text: string): void {
    this.put(`  ${this.styled('dim', printable(name).padEnd(nameWidth))} ${printable(text)}`)
  }

  /** Writes a row for something that has succeeded. */
  done(name: string, text: string): void {
    this.put(`${this.styled('green', '✔')} ${printable(name).padEnd(nameWidth)} ${printable(text)}`)
  }
}
