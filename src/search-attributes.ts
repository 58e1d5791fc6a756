import { isGrpcServiceError, ServiceError } from '@temporalio/client'
import { Runtime } from '@temporalio/worker'
import type { Worker } from '@temporalio/worker'
import { messageOf } from './domain/json.ts'
import { creatingCommand, keywordType, searchAttributeNames as names } from './domain/state.ts'

/** Attributes that somebody removes under open watches are added again within this time. */
const betweenLooksMs = 10_000
/** A server that refuses to list them is asked no more often than this. */
const betweenRefusedLooksMs = 600_000
/** The first activities wait for the first look, and no longer than this. */
const requestTimeoutMs = 1000
const refusals = new Map([
  [7, 'permission denied'],
  [12, 'this server has none'],
  [16, 'not authenticated'],
])

type Connected = Pick<Worker, 'connection'> & { readonly options: { readonly namespace: string } }

/**
 * Whether the namespaces of a process's workers have the search attributes. It looks every 10 s, since a workflow that
 * changes one which is gone would be stuck, and adds what is missing if it may.
 */
export class SearchAttributes {
  readonly #keepers = new Map<string, Keeper>()

  /** Looks after the worker's namespace from here on. Nothing waits for it. */
  add(worker: Connected): void {
    const { namespace } = worker.options
    const keeper = this.#keepers.get(namespace) ?? new Keeper(namespace)
    this.#keepers.set(namespace, keeper)
    keeper.add(worker)
  }

  delete(worker: Connected): void {
    const { namespace } = worker.options
    if (this.#keepers.get(namespace)?.delete(worker) === 'idle') this.#keepers.delete(namespace)
  }

  /** Looks now. */
  async look(namespace: string): Promise<void> {
    await this.#keepers.get(namespace)?.lookOnce()
  }

  /** As of the last look. Only the first one is waited for. */
  async exist(namespace: string): Promise<boolean> {
    const keeper = this.#keepers.get(namespace)
    await keeper?.firstLook
    return keeper?.areThere ?? false
  }
}

/** Looks after the search attributes of one namespace. */
class Keeper {
  readonly #namespace: string
  readonly #workers = new Set<Connected>()
  #areThere = false
  #firstLook: Promise<void> | undefined
  #looking: Promise<number> | undefined
  #timer: NodeJS.Timeout | undefined
  #said = ''

  constructor(namespace: string) {
    this.#namespace = namespace
  }

  get areThere(): boolean {
    return this.#areThere
  }

  get firstLook(): Promise<void> | undefined {
    return this.#firstLook
  }

  add(worker: Connected): void {
    this.#workers.add(worker)
    this.#firstLook ??= this.#look()
  }

  delete(worker: Connected): 'idle' | 'busy' {
    this.#workers.delete(worker)
    if (this.#workers.size > 0) return 'busy'
    clearTimeout(this.#timer)
    return 'idle'
  }

  /** However many ask at once, it is one look. @returns when to look again */
  lookOnce(): Promise<number> {
    this.#looking ??= this.#tryToLook().finally(() => (this.#looking = undefined))
    return this.#looking
  }

  async #look(): Promise<void> {
    const nextLookMs = await this.lookOnce()
    if (this.#workers.size > 0) this.#timer = setTimeout(() => void this.#look(), nextLookMs).unref()
  }

  async #tryToLook(): Promise<number> {
    try {
      await this.#addMissing()
    } catch (error) {
      const refusal = refusals.get(codeOf(error) ?? 0)
      // An outage of Temporal changes nothing: what is known stays.
      if (refusal !== undefined) {
        this.#areThere = false
        this.#say(`they cannot be listed: ${refusal}`)
        return betweenRefusedLooksMs
      }
    }
    return betweenLooksMs
  }

  async #addMissing(): Promise<void> {
    const types = await this.#list()
    const mistyped = names.filter((name) => (types[name] ?? keywordType) !== keywordType)
    if (mistyped.length > 0) return this.#goWithout(`not of type Keyword: ${mistyped.join(', ')}`)
    const missing = names.filter((name) => types[name] === undefined)
    if (missing.length === 0) {
      this.#areThere = true
      this.#said = ''
      return
    }
    this.#areThere = false
    try {
      await this.#create(missing)
    } catch (error) {
      this.#goWithout(`missing: ${missing.join(', ')}; they cannot be added: ${messageOf(error)}`)
      return
    }
    Runtime.instance().logger.info('search attributes added', { namespace: this.#namespace, added: missing })
    this.#areThere = true
  }

  async #list(): Promise<Readonly<Record<string, number>>> {
    const listed = await this.#ask(({ operatorService }) =>
      operatorService.listSearchAttributes({ namespace: this.#namespace }),
    )
    return listed?.customAttributes ?? {}
  }

  async #create(missing: readonly string[]): Promise<void> {
    const attributes = Object.fromEntries(missing.map((name) => [name, keywordType]))
    await this.#ask(({ operatorService }) =>
      operatorService.addSearchAttributes({ namespace: this.#namespace, searchAttributes: attributes }),
    )
  }

  /** A worker may have got another connection meanwhile. */
  async #ask<T>(request: (connection: NonNullable<Worker['connection']>) => Promise<T>): Promise<T | undefined> {
    const [worker] = this.#workers
    const connection = worker?.connection
    return connection?.withDeadline(Date.now() + requestTimeoutMs, () => request(connection))
  }

  #goWithout(why: string): void {
    this.#areThere = false
    this.#say(why)
  }

  /** Once, until something else is the matter. */
  #say(reason: string): void {
    if (reason === this.#said) return
    this.#said = reason
    Runtime.instance().logger.warn('watches go without search attributes', {
      namespace: this.#namespace,
      reason,
      remedy: creatingCommand(this.#namespace),
      orElse: 'SEARCH_ATTRIBUTES=off',
    })
  }
}

function codeOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error
  return isGrpcServiceError(cause) ? cause.code : undefined
}
