import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../../domain/json.ts'
import { onOneLine } from '../../domain/printable.ts'
import { isUnavailable } from '../exit.ts'
import type { CommandContext } from '../context.ts'
import type { Listed } from './listed.ts'
import type { Answer } from './show.ts'
import { table } from './table.ts'
import { cut } from './text-width.ts'

const refreshMs = 2000
const [home, eraseToEndOfLine, eraseBelow] = ['\u001B[H', '\u001B[K', '\u001B[J'] as const

export interface LiveOptions {
  ask(): Promise<Answer>
  /** What is printed elsewhere than on a terminal. */
  inText(rows: readonly Listed[]): string
}

/** Shows the list again and again: a terminal every 2 s, elsewhere when it has changed. It ends with Ctrl-C. */
export async function keepShowing(
  context: Pick<CommandContext, 'window' | 'print' | 'screen'>,
  options: LiveOptions,
  everyMs = refreshMs,
): Promise<never> {
  const { window } = context
  const isNew = newStates()
  let printed: string | undefined
  let rows: readonly Listed[] = []
  for (;;) {
    const answer = await answerOrTrouble(options)
    rows = answer.rows ?? rows
    if (window) {
      window.draw(screenful(rows, answer.words, { ...window.size(), isNew: isNew(rows) }))
    } else if (answer.rows) {
      const text = JSON.stringify(rows)
      if (text !== printed) context.print(options.inText(rows))
      printed = text
    } else {
      context.screen.say(answer.words.join('\n'))
    }
    await pause(everyMs)
  }
}

type Look = { readonly rows?: readonly Listed[]; readonly words: readonly string[] }

async function answerOrTrouble({ ask }: LiveOptions): Promise<Look> {
  try {
    return await ask()
  } catch (error) {
    if (!isUnavailable(error)) throw error
    return { words: [messageOf(error)] }
  }
}

/** @returns which states were others at the last time */
function newStates(): (rows: readonly Listed[]) => (one: Listed) => boolean {
  let before: ReadonlyMap<string, string> | undefined
  return (rows) => {
    const earlier = before
    before = new Map(rows.map((one) => [nameOf(one), one.state]))
    return (one) => earlier !== undefined && earlier.get(nameOf(one)) !== one.state
  }
}

function nameOf({ id, started }: Listed): string {
  return `${started} ${id}`
}

interface Screenful {
  readonly columns: number
  readonly rows: number
  readonly isNew: (one: Listed) => boolean
}

/** As much as the terminal shows at once. */
function screenful(rows: readonly Listed[], words: readonly string[], window: Screenful): string {
  const { columns, isNew } = window
  const time = new Date().toISOString().slice(0, 19)
  const head = `${time}Z · every 2 s, Ctrl-C ends · * has just changed`
  const below = [head, ...words].map((line) => cut(onOneLine(line), columns))
  const above = rows.length === 0 ? [] : table(rows, { nowMs: Date.now(), columns, isNew })
  const room = Math.max(1, window.rows - below.length - 1)
  const shown = above.length <= room ? above : [...above.slice(0, room - 1), '…']
  return home + [...shown, ...below].map((line) => `${line}${eraseToEndOfLine}\n`).join('') + eraseBelow
}
