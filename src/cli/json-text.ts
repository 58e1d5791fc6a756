import { readFile } from 'node:fs/promises'
import type { Json } from '../client.ts'
import { messageOf } from '../domain/json.ts'
import { decoded } from '../text-file.ts'
import type { CommandContext } from './context.ts'
import { CliError, exitCodes } from './exit.ts'

/** How every option that takes JSON takes it. */
export const jsonTextHelp = 'JSON, @FILE, or - for stdin'

/**
 * Reads what options that take JSON were given.
 *
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
  const values = await Promise.all(given.map(async ([name, text]) => [name, await jsonOf(context, name, text ?? '')]))
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return Object.fromEntries(values) as { readonly [name in K]?: Json }
}

async function jsonOf({ readInput }: CommandContext, name: string, text: string): Promise<Json> {
  if (text === '-') return parsed(await readInput(), `stdin (--${name})`)
  if (text.startsWith('@')) return parsed(await contentOf(name, text.slice(1)), `the file ${text.slice(1)} (--${name})`)
  return parsed(text, `--${name}`)
}

async function contentOf(name: string, path: string): Promise<string> {
  try {
    return decoded(await readFile(path))
  } catch (error) {
    throw new CliError(exitCodes.usage, `--${name}: the file cannot be read: ${messageOf(error)}`)
  }
}

function parsed(text: string, where: string): Json {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch (error) {
    const example = `such as '{"symbol": "AAPL"}', or '"a text"' with its quotes`
    throw new CliError(exitCodes.usage, `${where} is not JSON (${messageOf(error)}): write JSON, ${example}`)
  }
}
