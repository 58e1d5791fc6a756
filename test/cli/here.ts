import { inject } from 'vitest'
import { run } from '../../src/cli/program.ts'
import { Screen } from '../../src/cli/screen.ts'
import { connect } from '../../src/cli/temporal.ts'
import type { Temporal } from '../../src/cli/temporal.ts'
import type { Environment } from './cli-process.ts'

interface Here {
  readonly env?: Environment
  readonly stdin?: string
  /** Of a terminal that stdout is. */
  readonly columns?: number
}

const connections = new Map<string, Promise<Temporal>>()

/** Runs a command in this process, by default on the shared Temporal server: quicker than one of its own. */
export async function runHere(args: readonly string[], { env = {}, stdin = '', columns }: Here = {}) {
  const [stdout, stderr]: [string[], string[]] = [[], []]
  const code = await run(args, {
    screen: new Screen({ write: (text) => stderr.push(text) }, { isLive: false }),
    readInput: () => Promise.resolve(Buffer.from(stdin)),
    env: { TEMPORAL_ADDRESS: inject('temporalAddress'), ...env },
    connect: (environment) => connected(environment),
    print: (text) => stdout.push(`${text}\n`),
    atCtrlC: () => undefined,
    ...(columns !== undefined && {
      window: { size: () => ({ columns, rows: 50 }), draw: (text) => stdout.push(text) },
    }),
  })
  return { code, stdout: stdout.join(''), stderr: stderr.join('') }
}

/** One connection for each environment. */
function connected(env: Readonly<Record<string, string | undefined>>): Promise<Temporal> {
  const name = JSON.stringify(env)
  const known = connections.get(name) ?? connect(env)
  connections.set(name, known)
  return known
}
