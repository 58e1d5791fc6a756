import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { CliError, exitCodes } from './exit.ts'
import type { World } from './world.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** However this process ends, the demo ends with it, and ends its servers. */
const endWithParent = `data:text/javascript,process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'))`

export function addDemo(program: Command, world: World): void {
  program
    .command('demo')
    .summary('run the demo (in a clone of the repository)')
    .description(
      'Starts Temporal, a LangGraph server and a worker on this machine, watches one run from start to result, and stops everything. In a clone of the repository only.',
    )
    .option('--keep', 'stay up to look around, until Ctrl-C')
    .addHelpText('after', help)
    .action(async ({ keep }: { readonly keep?: boolean }) => world.endWith(await demo(world, keep ? ['--keep'] : [])))
}

async function demo(world: World, args: readonly string[]): Promise<number> {
  if (!existsSync(`${root}dev/demo.ts`)) {
    throw new CliError(
      exitCodes.usage,
      'The demo is part of the repository, not of the package: clone it, then npm ci && npm run demo',
    )
  }
  // Ctrl-C reaches the demo as well, which stops its servers.
  world.atCtrlC(undefined)
  const child = fork('dev/demo.ts', args, {
    cwd: root,
    execArgv: ['--import', 'tsx', '--import', endWithParent],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const [code]: unknown[] = await once(child, 'exit')
  return typeof code === 'number' ? code : exitCodes.unforeseen
}

const help = `
Examples:
  $ langgraph-runs demo
  $ langgraph-runs demo --keep     then use the other commands beside it`
