/** Keeps bytes under keys that say what they are, and never changes them. */
export interface ObjectStore {
  /** What the urls of all its objects begin with, and what it is called in messages. */
  readonly url: string
  urlOf(key: string): string
  /** @returns `undefined` if it is no url of this store */
  keyIn(url: string): string | undefined
  /** Throws if it cannot work whatever the store answers: a package is missing. */
  load(): Promise<void>
  /** Puts an object there if it is absent. No reader ever sees a part of it. */
  put(key: string, content: Content, signal: AbortSignal): Promise<void>
  /** As `put`, but writes what is there already once more, if the store allows that: this shows whether it takes anything. */
  tryOut(key: string, content: Content, signal: AbortSignal): Promise<void>
  /** @returns `undefined` if it is not there */
  get(key: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined>
}

export interface Content {
  readonly chunks: Iterable<Uint8Array>
  readonly bytes: number
  /** In hex. */
  readonly sha256: string
}

/** More than was asked for is there: it is not what was kept. */
export class TooLong extends Error {
  override readonly name = 'TooLong'
}
