import { bounded } from './text.ts'

/**
 * Integers that `JSON.parse` would round: 9007199254740993 becomes …992.
 *
 * In a marked JSON text each of them is a text, `"<mark>9007…993"`. It survives `JSON.parse`, so that it can be told where
 * the number stands, and what it was. Tradeoff: a lossless parser needs no mark, but takes about ten times as long.
 */
export const mostPaths = 20
const longestPath = 200
/** A quote, or what may be such an integer: none has fewer digits. */
const candidate = /"|-?[1-9]\d{15,}/g

/** Returns the same text if nothing has to be marked. */
export function marked(json: string, mark: string): string {
  const parts: string[] = []
  let from = 0
  candidate.lastIndex = 0
  for (let found = candidate.exec(json); found; found = candidate.exec(json)) {
    const [token] = found
    const end = found.index + token.length
    if (token === '"') candidate.lastIndex = endOfText(json, end)
    else if (isNumber(json, found.index, end) && isRounded(token)) {
      parts.push(json.slice(from, found.index), `"${mark}${token}"`)
      from = end
    }
  }
  return parts.length === 0 ? json : parts.join('') + json.slice(from)
}

/** A mark that no sender can guess. It is short: a text may hold millions of such numbers. */
export function newMark(): string {
  return `${crypto.randomUUID().slice(0, 8)}:`
}

/** A text that was made of marked JSON, with the digits that came. */
export function withDigits(text: string, mark: string): string {
  return text.includes(mark) ? text.replaceAll(new RegExp(`"${mark}(-?\\d+)"`, 'g'), '$1') : text
}

/** The value of a JSON text, and where it holds integers that were rounded: `order.id`, `orders[0].id`, `$`; at most 20. */
export function parsedWithRounded(json: string): { readonly value: unknown; readonly paths: readonly string[] } {
  const mark = newMark()
  const text = marked(json, mark)
  const value: unknown = JSON.parse(text)
  return text === json ? { value, paths: [] } : withoutMarks(value, mark)
}

/** Where a JSON text holds integers that JavaScript would round, at most 20 of them; none if the text is not JSON. */
export function inexactNumbersIn(text: string): readonly string[] {
  try {
    JSON.parse(text)
  } catch {
    return []
  }
  return parsedWithRounded(text).paths
}

/** The paths of a value that stands at another path itself. */
export function below(path: string, paths: readonly string[]): readonly string[] {
  return paths.map((of) => (of === '$' ? path : of.startsWith('[') ? path + of : `${path}.${of}`))
}

interface Node {
  readonly key: string
  readonly container: object
  readonly parent?: Node
}

function withoutMarks(value: unknown, mark: string): { readonly value: unknown; readonly paths: readonly string[] } {
  const root = [value]
  const open: Node[] = [{ key: '0', container: root }]
  const paths: string[] = []
  for (let node = open.pop(); node; node = open.pop()) {
    const { key, container } = node
    const found: unknown = Reflect.get(container, key)
    if (typeof found === 'string' && found.startsWith(mark)) {
      const number = Number(found.slice(mark.length))
      Reflect.set(container, key, Number.isFinite(number) ? number : null)
      if (paths.length < mostPaths) paths.push(pathTo(node))
    } else if (typeof found === 'object' && found !== null) {
      for (const child of Object.keys(found).toReversed()) open.push({ key: child, container: found, parent: node })
    }
  }
  return { value: root[0], paths }
}

function pathTo(node: Node): string {
  let path = ''
  for (let at: Node | undefined = node; at?.parent; at = at.parent) {
    const isPlain = /^[^\s."[\]]+$/.test(at.key)
    const step = Array.isArray(at.container) ? `[${at.key}]` : isPlain ? `.${at.key}` : `[${JSON.stringify(at.key)}]`
    path = step + path
  }
  const whole = path.startsWith('.') ? path.slice(1) : path
  return bounded(whole === '' ? '$' : whole, longestPath)
}

/** The index after the closing quote. */
function endOfText(json: string, begin: number): number {
  for (let end = json.indexOf('"', begin); end !== -1; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json[end - 1 - backslashes] === '\\') backslashes += 1
    if (backslashes % 2 === 0) return end + 1
  }
  return json.length
}

/** The digits of a fraction or an exponent, and those before one, are no integer. */
function isNumber(json: string, begin: number, end: number): boolean {
  return !/[\w.+-]/.test(json[begin - 1] ?? '') && !/[\w.+-]/.test(json[end] ?? '')
}

function isRounded(token: string): boolean {
  return JSON.stringify(Number(token)) !== token
}
