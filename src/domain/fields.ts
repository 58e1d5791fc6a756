import { isRecord } from './json.ts'
import { bounded, utf8Bytes } from './text.ts'

/** Parsers are total: whatever comes in, either the options or one sentence for each wrong field comes out. */
export type Parsed<T> = { readonly options: T } | { readonly problems: readonly string[] }

/** What a field may hold: `read` gives `undefined` for a value that is not allowed. */
export interface Rule<T> {
  readonly allowed: string
  read(value: unknown): T | undefined
}

export function oneOf<const T extends string>(...words: readonly T[]): Rule<T> {
  return {
    allowed: words.map((word) => `'${word}'`).join(' or '),
    read: (value) => words.find((word) => word === value),
  }
}

export function list<T>(value: unknown, item: Rule<T>, most: number): readonly T[] | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > most) return undefined
  const items = value.map(item.read).filter((read) => read !== undefined)
  return items.length === value.length ? items : undefined
}

export function matching(pattern: RegExp, value: unknown): string | undefined {
  return typeof value === 'string' && pattern.test(value) ? value : undefined
}

/** @param holding what the argument must hold at least, for the sentence about one that is no object */
export function parse<T>(input: unknown, holding: string, read: (fields: Fields) => T): Parsed<T> {
  if (!isRecord(input)) {
    return { problems: [`the argument is ${shown(input)}: must be an object with ${holding}`] }
  }
  const fields = new Fields(input)
  const options = read(fields)
  fields.refuseUnknown()
  return fields.problems.length > 0 ? { problems: fields.problems } : { options }
}

/** A failure that names thousands of them would not fit through Temporal, and the workflow would never end. */
const mostUnknownShown = 20

/** Reads an object field by field, and remembers what was wrong and what was asked for. */
export class Fields {
  readonly problems: string[]
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #known = new Set<string>()

  constructor(fields: Readonly<Record<string, unknown>>, path = '', problems: string[] = []) {
    this.#fields = fields
    this.#path = path
    this.problems = problems
  }

  /** `undefined` where the field is missing or null. */
  get(name: string): unknown {
    this.#known.add(name)
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined
  }

  optional<T>(name: string, rule: Rule<T>): T | undefined {
    return this.get(name) === undefined ? undefined : this.required(name, rule)
  }

  required<T>(name: string, rule: Rule<T>): T | undefined {
    const value = rule.read(this.get(name))
    if (value === undefined) this.refuse(name, rule.allowed)
    return value
  }

  nested(name: string): Fields {
    const fields = this.get(name)
    return new Fields(isRecord(fields) ? fields : {}, `${this.#path}${name}.`, this.problems)
  }

  refuse(name: string, allowed: string): void {
    const value = this.get(name)
    const found = value === undefined ? 'missing' : shown(value)
    this.problems.push(`\`${this.#path}${name}\` is ${found}: must be ${allowed}`)
  }

  refuseLargerThan(mostBytes: number): void {
    const bytes = utf8Bytes(written(this.#fields))
    if (bytes <= mostBytes) return
    this.problems.push(
      `the argument is ${bytes} bytes of JSON: must be at most ${mostBytes}; leave larger data where the graph can read it, and pass where that is`,
    )
  }

  refuseUnknown(): void {
    const known = [...this.#known]
    const unknown = Object.keys(this.#fields).filter((given) => !this.#known.has(given))
    for (const name of unknown.slice(0, mostUnknownShown)) {
      this.problems.push(
        `\`${bounded(this.#path + name, 100)}\` is unknown (value ${shown(this.#fields[name])}): allowed are ${known.join(', ')}`,
      )
    }
    if (unknown.length > mostUnknownShown) this.problems.push(`${unknown.length - mostUnknownShown} more are unknown`)
  }
}

/** A value as a person would write it, cut short; total, since a client may pass what JSON cannot hold. */
function shown(value: unknown): string {
  return bounded(written(value), 100)
}

function written(value: unknown): string {
  try {
    // JSON has no NaN and no Infinity: it would call them null.
    return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  } catch {
    return typeof value === 'bigint' ? `${value}n` : `a value that is no JSON (${typeof value})`
  }
}

/** The one sentence that an `InvalidInput` failure carries. */
export function refusal(workflowType: string, problems: readonly string[]): string {
  return `Invalid input for ${workflowType}: ${problems.join('; ')}`
}
