import { readFile } from 'node:fs/promises'
import type { Json } from '../client.ts'
import { inexactNumbersIn } from '../domain/inexact-numbers.ts'
import { messageOf } from '../domain/json.ts'
import { decoded } from '../text-file.ts'
import type { CommandContext } from './context.ts'
import { CliError, exitCodes } from './exit.ts'

/** How every option that takes JSON takes it. */
export const jsonTextHelp = 'JSON, @FILE, or - for stdin'

export interface GivenText {
  readonly text: string
  /** The option, or the file, as messages name it. */
  readonly source: string
  /** On the command line itself: a shell may have changed it. */
  readonly isInline: boolean
}

/**
 * @param texts name of the input → the option's text
 * @throws CliError 64
 */
export async function readJson<K extends string>(
  context: CommandContext,
  texts: Readonly<Partial<Record<K, string | undefined>>>,
): Promise<{ readonly [name in K]?: Json }> {
  const given = Object.entries<string | undefined>(texts).filter(([, text]) => text !== undefined)
  if (given.filter(([, text]) => text === '-').length > 1) {
    throw new CliError(exitCodes.usage, `Only one of ${given.map(([name]) => `--${name}`).join(', ')} can read stdin`)
  }
  const values = await Promise.all(
    given.map(async ([name, text]) => [name, jsonIn(await textOf(context, name, text ?? ''))]),
  )
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(values) as { readonly [name in K]?: Json }
}

/** What an option was given: its text, or what the file or stdin holds. @throws CliError 64 */
export async function textOf({ readInput }: CommandContext, name: string, text: string): Promise<GivenText> {
  if (text !== '-' && !text.startsWith('@')) return { text, source: `--${name}`, isInline: true }
  const path = text.slice(1)
  const source = text === '-' ? `stdin (--${name})` : `the file ${path} (--${name})`
  try {
    return { text: decoded(await (text === '-' ? readInput() : readFile(path))), source, isInline: false }
  } catch (error) {
    throw new CliError(exitCodes.usage, `${source} cannot be read: ${messageOf(error)}`)
  }
}

/** @throws CliError 64 if the text is not JSON, or holds an integer that JavaScript would round */
function jsonIn(given: GivenText): Json {
  const { text, source } = given
  const inexact = inexactNumbersIn(text)
  if (inexact.length > 0) {
    throw new CliError(
      exitCodes.usage,
      `${source} holds integers beyond 2^53, which would be rounded (${inexact.join(', ')}): write each as a text, in quotes`,
    )
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CliError(exitCodes.usage, `${source} is not JSON (${messageOf(error)}): ${whatToWrite(given)}`)
  }
}

/**
 * What a person answers: JSON if it is JSON, else a text. What only begins like JSON is a slip, and neither.
 *
 * @throws CliError 64 for a slip, an integer that JavaScript would round, and for no answer
 */
export function answerIn(given: GivenText): Json {
  const text = given.text.trim()
  if (text === '' || text === 'null') {
    throw new CliError(exitCodes.usage, `${given.source} is ${text || 'empty'}: must be any JSON but null, or a text`)
  }
  return isPlainText(text) ? text : jsonIn({ ...given, text })
}

/** Whether it is a text without quotes: neither JSON, nor like it. */
export function isPlainText(text: string): boolean {
  return !/^[{["]/.test(text) && !isJson(text)
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function whatToWrite({ text, isInline }: GivenText): string {
  if (isInline && /^\s*'?[{[]/.test(text) && !text.includes('"')) {
    return 'the shell has probably removed its quotes, so write it to a file, and pass @FILE'
  }
  return `write JSON, such as '{"symbol": "AAPL"}', or '"a text"' with its quotes`
}
