import { langGraphFailureTypes } from '../domain/contract.ts'
import type { Answer } from './answers.ts'
import { BadAnswer, LangGraphError } from './errors.ts'
import { exactBody } from './exact-numbers.ts'
import type { Intake } from './intake.ts'
import { JsonCutter } from './json-cutter.ts'
import type { LargeValues } from './large-values.ts'

const KB = 1024
const MB = 1024 * KB
/** The event loop gets its turn after so much of an answer. */
const bytesATurn = 64 * KB
/** Only larger answers wait for memory, and for a turn to be parsed in. */
const freeBytes = 64 * KB
/** An excerpt is all that is used of an error's body. */
const maxErrorBytes = 64 * KB

/**
 * The `fetch` under the LangGraph SDK, for one kind of answer.
 *
 * - Redirects are not followed: the API key would go along to whatever host they name.
 * - Integers that were read from a run go out as they came.
 * - Of the body only what the answer's cut names is kept, within the answer's bounds.
 */
export function guardedFetch(answer: Answer, intake: Intake, send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const body = typeof init?.body === 'string' ? { body: exactBody(init.body) } : {}
    const response = await send(input, { ...init, ...body, redirect: 'manual' })
    // Of these the SDK does not read the body.
    if (!response.ok || response.status === 202 || !response.body) return beginOf(response)
    const json = await readJson(response.body, within(answer, response.headers), intake, init?.signal)
    return Object.assign(new Response(null, response), { json: () => Promise.resolve(json) })
  }
}

/** A refusal with as much of its body as may be quoted. It stays a refusal however long the body is. */
export async function beginOf(response: Response): Promise<Response> {
  const { body, status, headers } = response
  if (status > 599) throw new BadAnswer(`has the HTTP status ${status}, which does not exist`)
  if (!body) return response
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop closes the connection.
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > maxErrorBytes) break
  }
  return new Response(Buffer.concat(chunks).subarray(0, maxErrorBytes), { status, headers })
}

/** A large answer that says how long it is waits for no more memory than that. Escapes may make it a little longer. */
function within(answer: Answer, headers: Headers): Answer {
  const length = Number(headers.get('content-length') ?? Number.NaN)
  if (!answer.large || headers.has('content-encoding') || Number.isNaN(length)) return answer
  return { ...answer, maxKeptBytes: Math.min(answer.maxKeptBytes, Math.ceil(length * 1.25) + 2 * MB) }
}

async function readJson(
  body: ReadableStream<Uint8Array>,
  answer: Answer,
  intake: Intake,
  signal: AbortSignal | null | undefined,
): Promise<unknown> {
  const cutter = new JsonCutter(answer)
  const memory = new Reservation(answer.maxKeptBytes, intake, signal, answer.large)
  try {
    for await (const slice of slicesOf(body, answer, intake)) {
      cutter.write(slice)
      if (cutter.isDone) break
      if (cutter.isOver) throw tooLarge(answer.maxTextBytes, answer.advice)
      await memory.isEnoughFor(cutter.keptBytes)
    }
    if (memory.isHeld) await intake.turn()
    return cutter.end()
  } finally {
    memory.end()
  }
}

/** The memory that an answer has of the worker's budget, once it needs some. */
export class Reservation {
  readonly #bytes: number
  readonly #intake: Intake
  readonly #signal: AbortSignal | undefined
  readonly #large: LargeValues | undefined
  #release: (() => void) | undefined

  /** @param large keeps the memory when the answer is read, and gives back what it kept of one before */
  constructor(bytes: number, intake: Intake, signal: AbortSignal | null | undefined, large?: LargeValues) {
    this.#bytes = bytes
    this.#intake = intake
    this.#signal = signal ?? undefined
    this.#large = large
    large?.release()
  }

  get isHeld(): boolean {
    return this.#release !== undefined
  }

  async isEnoughFor(keptBytes: number): Promise<void> {
    if (keptBytes > freeBytes) this.#release ??= await this.#intake.reserve(this.#bytes, this.#signal)
  }

  /** The answer is read. */
  end(): void {
    if (this.#large) this.#large.hold(this)
    else this.release()
  }

  release(): void {
    this.#release?.()
  }
}

/** A body in small pieces, with the event loop's turns between them. */
export async function* slicesOf(
  body: ReadableStream<Uint8Array>,
  { maxReadBytes, advice }: Pick<Answer, 'maxReadBytes' | 'advice'>,
  intake: Intake,
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  let sinceTurn = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > maxReadBytes) throw tooLarge(maxReadBytes, advice)
    for (let at = 0; at < chunk.length; at += bytesATurn) {
      const slice = chunk.subarray(at, at + bytesATurn)
      sinceTurn += slice.length
      if (sinceTurn > bytesATurn) {
        await intake.turn()
        sinceTurn = slice.length
      }
      yield slice
    }
  }
}

function tooLarge(maxBytes: number, advice = "keep large values out of the graph's input and state"): LangGraphError {
  const message = `the answer is larger than ${maxBytes / MB} MB: ${advice}`
  return new LangGraphError(langGraphFailureTypes.tooLarge, message)
}
