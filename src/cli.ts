#!/usr/bin/env node
import { buffer } from 'node:stream/consumers'
import type { Window } from './cli/context.ts'
import { Dialog } from './cli/dialog.ts'
import { exitCodes } from './cli/exit.ts'
import { run } from './cli/program.ts'
import { Screen } from './cli/screen.ts'
import { connect } from './cli/temporal.ts'
import { CommandTraces } from './cli/traces.ts'

const { stdin, stdout, stderr, env } = process
const window: Window = {
  // Some terminals do not tell.
  size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
  draw: (text) => stdout.write(text),
}
const screen = new Screen(stderr, { isLive: stderr.isTTY && env['TERM'] !== 'dumb' })

// A reader that went away (`| head`) does not change how the command ends.
let failedWrite: Error | undefined
stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') failedWrite = error
})
stderr.on('error', () => undefined)

const traces = new CommandTraces(env)
let wordsAtCtrlC: string | (() => string) | undefined = 'Stopped'
process.on('SIGINT', endByCtrlC)

const exitCode = await run(process.argv.slice(2), {
  screen,
  dialog: stdin.isTTY && stderr.isTTY ? new Dialog(stdin, stderr, endByCtrlC) : undefined,
  readInput: () => buffer(stdin),
  env,
  connect: async (environment) => connect(environment, await traces.begin()),
  window: stdout.isTTY && env['TERM'] !== 'dumb' ? window : undefined,
  print: (text) => stdout.write(`${text}\n`),
  atCtrlC: (words) => {
    wordsAtCtrlC = words
  },
})
await traces.end()
// Exit at once, whatever still waits for an answer, but only after what was printed is written or has failed.
stdout.write('', () => setImmediate(() => process.exit(failedWrite ? cannotWrite(failedWrite) : exitCode)))

function endByCtrlC(): void {
  if (wordsAtCtrlC === undefined) return
  screen.clear()
  screen.say(typeof wordsAtCtrlC === 'string' ? wordsAtCtrlC : wordsAtCtrlC())
  process.exit(exitCodes.ctrlC)
}

function cannotWrite({ message }: Error): number {
  screen.say(`error: the outcome cannot be written: ${message}`)
  return exitCodes.unforeseen
}
