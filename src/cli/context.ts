import type { Parsed } from '../domain/fields.ts'
import { refusal } from '../domain/problem.ts'
import type { Dialog } from './dialog.ts'
import { CliError, exitCodes } from './exit.ts'
import { asOption, positionalFields } from './options.ts'
import { readable } from './readable.ts'
import type { Screen } from './screen.ts'
import type { Temporal } from './temporal.ts'

export interface Terminal {
  readonly screen: Screen
  /** Absent without a terminal: nobody can be asked. */
  readonly dialog?: Dialog | undefined
  readInput(): Promise<Uint8Array>
  connect(): Promise<Temporal>
  /** To stdout, which holds the outcome alone. */
  print(text: string): void
  /** What Ctrl-C says before it ends the command; `undefined`: it does nothing, because the command ends by itself. */
  atCtrlC(words: string | undefined): void
}

export interface CommandContext extends Terminal {
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
  context.print(json ? JSON.stringify(outcome) : readable(outcome))
}
