import { read } from './environment.ts'
import type { Environment, Findings } from './environment.ts'

const formats = ['json', 'text'] as const
/** From the least important one to the most important one. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error'] as const

type LogLevel = (typeof logLevels)[number]

/** What a program logs to stderr. */
export interface LogConfig {
  /** `json`: one object a line. */
  readonly format: (typeof formats)[number]
  /** The least important level that is logged. */
  readonly level: LogLevel
}

/** By default text for a person at a terminal, and JSON for whatever else collects it. */
export function logConfig(env: Environment, found: Findings): LogConfig {
  return {
    format: oneOf(formats, 'LOG_FORMAT', env, found) ?? (process.stderr.isTTY ? 'text' : 'json'),
    level: oneOf(logLevels, 'LOG_LEVEL', env, found) ?? 'info',
  }
}

function oneOf<T extends string>(words: readonly T[], name: string, env: Environment, found: Findings): T | undefined {
  const text = read(env, name, found)
  const word = words.find((known) => known === text?.toLowerCase())
  if (text !== undefined && word === undefined) found.mistakes.push(`${name} must be ${words.join(', ')}`)
  return word
}
