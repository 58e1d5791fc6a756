import { isNestedDeeper, isRecord } from './json.ts'
import type { Problem } from './problem.ts'
import { found, inJson, shown, utf8Bytes } from './text.ts'

/** Parsers are total: whatever comes in, either the options or one problem for each wrong field comes out. */
export type Parsed<T> =
  | { readonly kind: 'accepted'; readonly options: T }
  | { readonly kind: 'refused'; readonly problems: readonly Problem[] }

interface Allowed {
  readonly allowed: string
  /** The same for a value that is written as a text. Default: `allowed`. */
  readonly allowedAsText?: string
}

/** `read` gives `undefined` for a value that is not allowed. */
export interface Rule<T> extends Allowed {
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

/** Far more than any graph takes. What is nested thousands deep cannot be written as JSON again, and no failure could carry it. */
const mostLevels = 200

/** @param holding what the argument must hold at least, for the sentence about one that is not an object */
export function parse<T>(input: unknown, holding: string, read: (fields: Fields) => T): Parsed<T> {
  if (isNestedDeeper(input, mostLevels)) {
    const allowed = `at most ${mostLevels} levels deep`
    return { kind: 'refused', problems: [notAllowed('', 'nested deeper', { allowed })] }
  }
  if (!isRecord(input)) {
    return { kind: 'refused', problems: [notAllowed('', shown(input), { allowed: `an object with ${holding}` })] }
  }
  const fields = new Fields(input)
  const options = read(fields)
  fields.refuseUnknown()
  const { problems } = fields
  return problems.length > 0 ? { kind: 'refused', problems } : { kind: 'accepted', options }
}

export function problemWith(field: string, value: unknown, rule: Allowed): Problem {
  return notAllowed(field, found(value), rule)
}

function notAllowed(field: string, what: string, { allowed, allowedAsText = allowed }: Allowed): Problem {
  return { kind: 'not_allowed', field, found: what, allowed, allowedAsText }
}

/** A failure that names thousands of them would not fit through Temporal, and the workflow would never end. */
const mostUnknownShown = 20

/** Reads an object field by field, and remembers what was wrong and what was asked for. */
export class Fields {
  readonly problems: Problem[]
  readonly #fields: Readonly<Record<string, unknown>>
  readonly #path: string
  readonly #known = new Set<string>()

  constructor(fields: Readonly<Record<string, unknown>>, path = '', problems: Problem[] = []) {
    this.#fields = fields
    this.#path = path
    this.problems = problems
  }

  /** `undefined` if the field is missing or null. */
  get(name: string): unknown {
    this.#known.add(name)
    return Object.hasOwn(this.#fields, name) ? (this.#fields[name] ?? undefined) : undefined
  }

  optional<T>(name: string, rule: Rule<T>): T | undefined {
    return this.get(name) === undefined ? undefined : this.required(name, rule)
  }

  required<T>(name: string, rule: Rule<T>): T | undefined {
    const value = rule.read(this.get(name))
    if (value === undefined) this.refuse(name, rule)
    return value
  }

  nested(name: string): Fields {
    const fields = this.get(name)
    return new Fields(isRecord(fields) ? fields : {}, `${this.#path}${name}.`, this.problems)
  }

  refuse(name: string, rule: Allowed): void {
    this.problems.push(problemWith(this.#path + name, this.get(name), rule))
  }

  refuseLargerThan(mostBytes: number): void {
    const bytes = utf8Bytes(inJson(this.#fields))
    if (bytes <= mostBytes) return
    const allowed = `at most ${mostBytes}; leave larger data where the graph can read it, and pass where that is`
    this.problems.push(notAllowed('', `${bytes} bytes of JSON`, { allowed }))
  }

  refuseUnknown(): void {
    const known = [...this.#known]
    const unknown = Object.keys(this.#fields).filter((given) => !this.#known.has(given))
    for (const name of unknown.slice(0, mostUnknownShown)) {
      this.problems.push({ kind: 'unknown', field: this.#path + name, found: shown(this.#fields[name]), known })
    }
    const count = unknown.length - mostUnknownShown
    if (count > 0) this.problems.push({ kind: 'more_unknown', count })
  }
}
