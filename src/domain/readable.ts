import { isRecord } from './json.ts'
import { onOneLine, printable } from './printable.ts'

/** Writes one field a line, what is inside a field indented below it, and lists as JSON. */
export function readable(value: unknown): string {
  if (typeof value === 'string') return printable(value)
  if (!isTree(value)) return printable(JSON.stringify(value) ?? '')
  return Object.entries(value)
    .map(([name, field]) => {
      const text = isList(field) ? field.map((item) => `- ${readableItem(item)}`).join('\n') : readable(field)
      const isBelow = isTree(field) || isList(field) || text.includes('\n')
      return `${onOneLine(name)}:${isBelow ? `\n${text.replaceAll(/^/gm, '  ')}` : ` ${text}`}`
    })
    .join('\n')
}

function readableItem(item: unknown): string {
  return printable(JSON.stringify(item))
}

/** Only lists of objects or lists count: a list of plain values stays on its line. */
function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.some((item) => typeof item === 'object' && item !== null)
}

/** An object with fields. */
function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && Object.keys(value).length > 0
}
