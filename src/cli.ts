#!/usr/bin/env node
import { exitCodes } from './cli/exit.ts'
import { run } from './cli/program.ts'
import { createScreen } from './cli/screen.ts'
import { connect } from './cli/temporal.ts'

const { stdout, stderr, env } = process
const screen = createScreen(stderr, { color: stderr.isTTY && !env['NO_COLOR'] })

process.once('SIGINT', () => {
  screen.say('Stopped looking. A watch that was started goes on: the same command attaches again')
  process.exit(exitCodes.ctrlC)
})

process.exitCode = await run(process.argv.slice(2), {
  connect: () => connect(env),
  screen,
  print: (text) => stdout.write(text),
})
