import { isRecord } from './json.ts'
import { onOneLine, printable } from './printable.ts'

/** What lies deeper stands as JSON on its line: its indents alone could take more room than all else. */
const mostLevels = 12

/** Writes one field a line, what is inside a field indented below it, and lists as JSON. */
export function readable(value: unknown): string {
  return [...readableLines(value)].join('\n')
}

/** The same line by line, so that whoever needs the first ones alone does not wait for all. */
export function* readableLines(value: unknown, level = 0): Generator<string, void> {
  if (!isTree(value) || level === mostLevels) {
    yield* textOf(value).split('\n')
    return
  }
  for (const [name, field] of Object.entries(value)) yield* linesOf(onOneLine(name), field, level)
}

function* linesOf(name: string, field: unknown, level: number): Generator<string, void> {
  const isBelow = isTree(field) && level + 1 < mostLevels
  const text = isBelow || isList(field) ? '' : textOf(field)
  if (!isBelow && !isList(field) && !text.includes('\n')) {
    yield `${name}: ${text}`
    return
  }
  yield `${name}:`
  const below = isBelow ? readableLines(field, level + 1) : isList(field) ? itemsOf(field) : text.split('\n')
  for (const line of below) yield `  ${line}`
}

function* itemsOf(list: readonly unknown[]): Generator<string, void> {
  for (const item of list) yield `- ${printable(JSON.stringify(item) ?? '')}`
}

function textOf(value: unknown): string {
  return printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
}

/** Only lists of objects or lists count: a list of plain values stays on its line. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)
}

/** An object with fields. */
function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && Object.keys(value).length > 0
}
