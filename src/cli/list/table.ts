import { defaultDeployment } from '../../domain/defaults.ts'
import { onOneLine, quoted } from '../../domain/printable.ts'
import { age } from '../time-span.ts'
import { runArguments, runOfWatch } from '../run-of.ts'
import type { Listed } from './listed.ts'
import { cut, pad, width } from './text-width.ts'

export interface TableOptions {
  readonly nowMs: number
  /** Of the terminal. Absent: one line for each, however long, with nothing cut. */
  readonly columns?: number
  /** Those whose state is new get a mark. */
  readonly isNew?: (one: Listed) => boolean
}

interface Column {
  readonly title: string
  readonly cells: readonly string[]
}

const gap = '  '
const mostOfName = 24
/** Less of a question than this says nothing. */
const leastOfWhy = 24

/**
 * The watches as lines for a person: one for each if its id fits beside the rest, else a second one, with what other
 * commands take for it. So nothing of it is ever cut.
 */
export function table(all: readonly Listed[], options: TableOptions): string[] {
  const { columns } = options
  const ids = { title: 'ID', cells: all.map(({ id }) => onOneLine(id)) }
  const whys = all.map(({ question, error }) => onOneLine(question ?? error ?? ''))
  const why = whys.some(Boolean) ? [{ title: 'QUESTION OR ERROR', cells: whys }] : []
  const few = columnsOf(all, options)
  if (columns === undefined) return lines([ids, ...few, ...why], Infinity)
  const short = few.map(({ title, cells }) => ({ title, cells: cells.map((cell) => cut(cell, mostOfName)) }))
  const needed = widthsOf([ids, ...short]).reduce((sum, one) => sum + one + gap.length, 0)
  if (needed + (why.length > 0 ? leastOfWhy : 0) <= columns) return lines([ids, ...short, ...why], columns)
  const [heads = '', ...rows] = lines([...short, ...why], columns)
  return [heads, ...rows.flatMap((row, index) => [row, `${gap}${argumentsOf(all[index])}`])]
}

/** Those that differ. */
function columnsOf(all: readonly Listed[], { nowMs, isNew }: TableOptions): Column[] {
  const deployments = all.map(({ deployment = '' }) => onOneLine(deployment))
  const isElsewhere = deployments.some((name) => name !== '' && name !== defaultDeployment)
  const assistants = all.map(({ assistant = '' }) => onOneLine(assistant))
  return [
    { title: 'STATE', cells: all.map((one) => `${one.state}${isNew?.(one) ? ' *' : ''}`) },
    { title: 'FOR', cells: all.map(({ state_since }) => age((nowMs - Date.parse(state_since)) / 1000)) },
    ...(isElsewhere ? [{ title: 'DEPLOYMENT', cells: deployments }] : []),
    ...(assistants.some(Boolean) ? [{ title: 'ASSISTANT', cells: assistants }] : []),
  ]
}

/** Shorter than the id of a watch, which names the same run. */
function argumentsOf(one: Listed | undefined): string {
  const run = runOfWatch(one?.id ?? '')
  return run ? runArguments(run) : `--id ${quoted(one?.id ?? '')}`
}

function lines(columns: readonly Column[], mostColumns: number): string[] {
  const widths = widthsOf(columns)
  const rows = [columns.map(({ title }) => title), ...(columns[0]?.cells ?? []).map((_, row) => cellsOf(columns, row))]
  return rows.map((cells) => {
    const padded = cells.map((cell, index) => pad(cell, widths[index] ?? 0))
    return cut(padded.join(gap).trimEnd(), mostColumns)
  })
}

function cellsOf(columns: readonly Column[], row: number): string[] {
  return columns.map(({ cells }) => cells[row] ?? '')
}

function widthsOf(columns: readonly Column[]): number[] {
  return columns.map(({ title, cells }) => cells.reduce((most, cell) => Math.max(most, width(cell)), width(title)))
}
