import type { Environment } from '../config.ts'
import type { Parsed } from '../domain/fields.ts'
import { refusal } from '../domain/problem.ts'
import type { Dialog } from './dialog.ts'
import { CliError, exitCodes } from './exit.ts'
import { asOption, positionalFields } from './options.ts'
import { withQuestionText } from './question.ts'
import { readable } from '../domain/readable.ts'
import type { Screen } from './screen.ts'
import type { Temporal } from './temporal.ts'

export interface Window {
  size(): { readonly columns: number; readonly rows: number }
  /** Writes what the terminal obeys. */
  draw(text: string): void
}

export interface Terminal {
  readonly screen: Screen
  /** Absent without a terminal: nobody can be asked. */
  readonly dialog?: Dialog | undefined
  /** The terminal that stdout is; absent if it is none. */
  readonly window?: Window | undefined
  readInput(): Promise<Uint8Array>
  readonly env: Environment
  /** @param env as it is with the options of the command line */
  connect(env: Environment): Promise<Temporal>
  /** To stdout, which holds the outcome alone. */
  print(text: string): void
  /** What Ctrl-C says before it ends the command; `undefined`: it does nothing, because the command ends by itself. */
  atCtrlC(words: string | (() => string) | undefined): void
}

export interface CommandContext extends Omit<Terminal, 'env' | 'connect'> {
  /** With the options of the command line. */
  environment(): Environment
  connect(): Promise<Temporal>
  /** Sets the exit code, if it is not 0. */
  endWith(exitCode: number): void
}

export interface OutputOptions {
  readonly json?: boolean
}

export async function withTemporal<T>(context: CommandContext, work: (temporal: Temporal) => Promise<T>): Promise<T> {
  const temporal = await context.connect()
  try {
    return await work(temporal)
  } catch (error) {
    throw temporal.explain(error)
  }
}

/** @throws CliError 64 with the options' names, before Temporal is asked for anything */
export function requireValid(command: string, parsed: Parsed<unknown>): void {
  if (parsed.kind === 'accepted') return
  const positional = positionalFields(command)
  const sentence = refusal(
    command,
    parsed.problems.map((problem) => asOption(problem, positional)),
  )
  throw new CliError(exitCodes.usage, `${sentence}. \`langgraph-runs ${command} --help\` shows the options`)
}

export function print(context: CommandContext, outcome: unknown, { json }: OutputOptions): void {
  context.print(json ? JSON.stringify(outcome) : readable(withQuestionText(outcome)))
}
