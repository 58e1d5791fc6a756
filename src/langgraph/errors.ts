import { langGraphFailureTypes as types } from '../domain/contract.ts'
import { onOneLine } from '../domain/printable.ts'
import { bounded } from '../domain/text.ts'
import type { Redaction } from './redaction.ts'

export type LangGraphFailureType = (typeof types)[keyof typeof types]

const maxExcerptBytes = 200
/** White space and secrets make the rest shorter. */
const searchedForSecrets = 16_384
/** As long as the longest retrieval. An unbounded value is dangerous: an infinite delay in a failure ends the whole worker. */
const maxRetryAfterMs = 3_600_000

/** Why a LangGraph server gave no usable answer. The message is one line: it holds an excerpt of the body, no secret and no header. */
export class LangGraphError extends Error {
  override readonly name = 'LangGraphError'
  readonly type: LangGraphFailureType
  readonly httpStatus: number | undefined
  readonly retryAfterMs: number | undefined
  /** The server's own words, as they stand in the message. */
  readonly said: string | undefined

  constructor(
    type: LangGraphFailureType,
    message: string,
    http: {
      readonly status?: number | undefined
      readonly retryAfterMs?: number | undefined
      readonly said?: string | undefined
    } = {},
  ) {
    super(onOneLine(message))
    this.type = type
    this.httpStatus = http.status
    this.retryAfterMs = http.retryAfterMs
    this.said = http.said
  }
}

const isItLangGraph = "is the deployment's URL, in the worker's configuration, that of a LangGraph server?"

/** Completes "The answer …", as in "is not a list". No LangGraph server gives such an answer. */
export class BadAnswer extends Error {
  override readonly name = 'BadAnswer'
}

/** Which request of which deployment failed, and what must not be repeated from its answer. */
export interface Asked {
  readonly what: string
  readonly deployment: string
  readonly redaction: Redaction
  /** What to do about a 404. By default it is a run that does not exist. */
  readonly on404?: string
}

/** Turns whatever a request rejects with into a `LangGraphError`. A `LangGraphError` stays what it is. */
export function asLangGraphError(error: unknown, asked: Asked): LangGraphError {
  if (error instanceof LangGraphError) return error
  const subject = `${asked.what} from deployment "${asked.deployment}"`
  if (isHttpError(error)) return httpFailure(error, subject, asked)
  if (error instanceof BadAnswer) return badAnswer(subject, error.message)
  if (error instanceof SyntaxError) return badAnswer(subject, 'is not valid JSON')
  if (isNamed(error, 'TimeoutError', 'AbortError')) {
    return new LangGraphError(
      types.timeout,
      `${subject}: no answer in time: is the server overloaded, or is the deployment's URL that of another one?`,
    )
  }
  if (isBrokenOff(error)) {
    return new LangGraphError(types.unavailable, `${subject}: the connection broke in the middle of the answer`)
  }
  if (isUnconnected(error)) {
    return new LangGraphError(
      types.unavailable,
      `${subject}: no connection: is the server running, and is the deployment's URL right in the worker's configuration?`,
    )
  }
  return new LangGraphError(types.unforeseen, `${subject}: ${isNamed(error) ? error.name : typeof error}`)
}

function badAnswer(subject: string, what: string): LangGraphError {
  return new LangGraphError(types.badAnswer, `${subject}: the answer ${what}: ${isItLangGraph}`)
}

type HttpFailure = Error & Pick<HttpError, 'status' | 'text'> & Partial<Pick<HttpError, 'response'>>

/** What the SDK rejects with too. */
export class HttpError extends Error {
  readonly status: number
  readonly text: string
  readonly response: { readonly headers: { get(name: string): string | null } }

  constructor(response: Response, text: string) {
    super(`HTTP ${response.status}`)
    this.status = response.status
    this.text = text
    this.response = response
  }
}

function isHttpError(error: unknown): error is HttpFailure {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' && 'text' in error
}

/** An HTML page, or the words of a proxy without a server behind it. They are not LangGraph's, so nothing is known to be gone. */
function isOfAnother(body: string): boolean {
  return /^\s*(<|(default backend - )?404\b)/i.test(body)
}

export function isNotFound(error: unknown): boolean {
  return isHttpError(error) && error.status === 404 && !isOfAnother(error.text)
}

export function httpStatusOf(error: unknown): number | undefined {
  return isHttpError(error) ? error.status : undefined
}

/** Whether the same request may get an answer another time: nothing answered, something else did, or it was too much. */
export function mayPass(error: unknown): boolean {
  if (error instanceof LangGraphError) return error.type === types.unavailable || error.type === types.timeout
  if (isHttpError(error)) {
    const { status, text } = error
    return status === 429 || status >= 500 || (status === 404 && isOfAnother(text))
  }
  return isNamed(error, 'TimeoutError', 'AbortError', 'SyntaxError') || isBrokenOff(error) || isUnconnected(error)
}

function isBrokenOff(error: unknown): boolean {
  return error instanceof TypeError && error.message === 'terminated'
}

function isUnconnected(error: unknown): boolean {
  return isNamed(error, 'ConnectionError') || (error instanceof TypeError && error.message === 'fetch failed')
}

function isNamed(error: unknown, ...names: readonly string[]): error is Error {
  return error instanceof Error && (names.length === 0 || names.includes(error.name))
}

function httpFailure(error: HttpFailure, subject: string, asked: Asked): LangGraphError {
  const { type, advice } = meaningOf(error, asked)
  const said = excerpt(error.text, asked.redaction)
  const message = `${subject}: HTTP ${error.status}${said && ` "${said}"`}${advice && `: ${advice}`}`
  const retryAfterMs = parseRetryAfter(error.response?.headers.get('retry-after') ?? null)
  return new LangGraphError(type, message, { status: error.status, retryAfterMs, said })
}

function meaningOf(
  { status, text }: HttpFailure,
  { deployment, on404 }: Asked,
): { type: LangGraphFailureType; advice: string } {
  if (status === 404 && isOfAnother(text)) return { type: types.unavailable, advice: isItLangGraph }
  if (status === 404) {
    return { type: types.notFound, advice: adviceOn404(text, on404 ?? 'no such run: check the ids and the deployment') }
  }
  if (status === 405 || status === 501) return { type: types.unavailable, advice: isItLangGraph }
  if (status === 400 || status === 422) {
    const what = on404 === undefined ? 'the ids' : 'the input of the workflow'
    return { type: types.refused, advice: `the server refuses the request: check ${what}` }
  }
  if (status === 401 || status === 403) {
    return {
      type: types.unauthorized,
      advice: `check the API key and headers of deployment "${deployment}" in the worker's configuration`,
    }
  }
  if (status >= 300 && status < 400) {
    const advice = 'redirects are not followed, because they would forward the API key; configure the final URL'
    return { type: types.unavailable, advice }
  }
  return { type: types.unavailable, advice: '' }
}

/** Some LangGraph servers say only what any server would say. */
function adviceOn404(body: string, ofLangGraph: string): string {
  return /^(not found)?$/i.test(detailOf(body).trim())
    ? `${ofLangGraph}; or the deployment's URL is not that of a LangGraph server`
    : ofLangGraph
}

/** The server's own words, on one line. If it sends JSON, its `detail`, `message` or `error`. */
function excerpt(body: string, redaction: Redaction): string {
  const words = redaction.begin(detailOf(body).slice(0, searchedForSecrets))
  return bounded(words.replaceAll(/\s+/g, ' ').trim(), maxExcerptBytes)
}

function detailOf(body: string): string {
  try {
    const answer: unknown = JSON.parse(body)
    if (typeof answer === 'object' && answer !== null) {
      for (const key of ['detail', 'message', 'error']) {
        const said: unknown = Reflect.get(answer, key)
        if (typeof said === 'string') return said
      }
    }
    return body
  } catch {
    return body
  }
}

/** `Retry-After` in seconds or as an HTTP date, an hour at most; `undefined` for anything else. */
export function parseRetryAfter(value: string | null, nowMs = Date.now()): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - nowMs
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(0, ms), maxRetryAfterMs)
}
