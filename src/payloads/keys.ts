/** A key for payloads, and the name by which a payload says which one opens it. */
export interface PayloadKey {
  /** 1-32 letters, digits, `.`, `_` and `-`. It is no secret: every payload shows it. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

const keyBytes = 32
const keyRule = `base64 of ${keyBytes} bytes (\`openssl rand -base64 ${keyBytes}\` makes one)`
/** Shorter than any spelling of a key, so a key in the place of an id is never taken for one, and never shown. */
const idPattern = /^[\w.-]{1,32}$/
const idRule = '1-32 letters, digits, ".", "_" or "-"'

export type ParsedKeys =
  | { readonly kind: 'accepted'; readonly keys: readonly PayloadKey[] }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }

/** Reads `id:base64[,id:base64…]`. No problem repeats more than an id. */
export function parseKeys(text: string): ParsedKeys {
  const entries = text.split(',').map((entry, index) => parseEntry(entry.trim(), index + 1))
  const keys = entries.flatMap((entry) => (typeof entry === 'string' ? [] : [entry]))
  const problems = [...entries.filter((entry) => typeof entry === 'string'), ...problemsOfKeys(keys)]
  return problems.length === 0 ? { kind: 'accepted', keys } : { kind: 'refused', problems }
}

/** @returns the key, or what is wrong with it */
function parseEntry(entry: string, position: number): PayloadKey | string {
  const colon = entry.indexOf(':')
  if (colon < 0) return `key ${position} must be id:base64`
  const id = entry.slice(0, colon)
  if (!idPattern.test(id)) return `key ${position}: its id must be ${idRule}`
  const key = bytesOf(entry.slice(colon + 1))
  return key ? { id, key } : `key ${position} ("${id}") must be ${keyRule}`
}

/** Of base64 with and without padding; `undefined` if it is something else, which Node would read in part. */
function bytesOf(base64: string): Uint8Array | undefined {
  const bytes = Buffer.from(base64, 'base64')
  const isWhole = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '')
  return isWhole && bytes.length === keyBytes ? bytes : undefined
}

/** Of keys that a program made itself, too, which JavaScript does not check. */
export function problemsOfKeys(keys: readonly PayloadKey[]): string[] {
  const ids = new Set<string>()
  return keys.flatMap(({ id, key }, index) => {
    const position = index + 1
    if (typeof id !== 'string' || !idPattern.test(id)) return [`key ${position}: its id must be ${idRule}`]
    const isTwice = ids.has(id)
    ids.add(id)
    return [
      ...(isTwice ? [`key ${position} has the id "${id}" of another one: each needs an id of its own`] : []),
      ...(key instanceof Uint8Array && key.length === keyBytes
        ? []
        : [`key ${position} ("${id}") must have ${keyBytes} bytes`]),
    ]
  })
}
