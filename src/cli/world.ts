import { refusal } from '../domain/fields.ts'
import type { Parsed } from '../domain/fields.ts'
import { CliError, exitCodes } from './exit.ts'
import { asOptions } from './options.ts'
import { readable } from './outcome.ts'
import type { Dialog } from './dialog.ts'
import type { Screen } from './screen.ts'
import type { Temporal } from './temporal.ts'

/** What the entry gives. */
export interface Surroundings {
  readonly screen: Screen
  /** Where a person is there to ask: on a terminal. */
  readonly dialog?: Dialog | undefined
  /** All that comes on stdin. */
  readInput(): Promise<string>
  connect(): Promise<Temporal>
  /** To stdout, which holds the outcome alone. */
  print(text: string): void
  /** What Ctrl-C says before it ends the command; `undefined`: it does nothing, because a child process gets it too. */
  atCtrlC(words: string | undefined): void
}

/** What a command works with. */
export interface World extends Surroundings {
  /** Sets the exit code, where it is not 0. */
  endWith(exitCode: number): void
}

/** Every command that has an outcome takes it. */
export interface OutputOptions {
  readonly json?: boolean
}

export async function withTemporal<T>(world: World, work: (temporal: Temporal) => Promise<T>): Promise<T> {
  const temporal = await world.connect()
  try {
    return await work(temporal)
  } catch (error) {
    throw temporal.explain(error)
  }
}

/** @throws CliError 64 in the words of the command line, before Temporal is asked for anything */
export function requireValid(command: string, parsed: Parsed<unknown>): void {
  if (!('problems' in parsed)) return
  const sentence = asOptions(refusal(command, parsed.problems), command === 'execute' ? '--thread-id' : 'THREAD')
  throw new CliError(exitCodes.usage, `${sentence}. \`langgraph-runs ${command} --help\` shows the options`)
}

export function print(world: World, outcome: unknown, { json }: OutputOptions): void {
  world.print(json ? JSON.stringify(outcome) : readable(outcome))
}
