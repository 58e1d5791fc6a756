import { ConfigError } from './config.ts'
import { missingPackage } from './missing-package.ts'

/**
 * A program without a command line around it, from its start to its exit: 0 when it has ended as it was told, 1 with the
 * reason on stderr.
 *
 * @param name such as "The webhook receiver"
 */
export async function runProgram(name: string, run: () => Promise<void>): Promise<never> {
  try {
    await run()
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${explained(name, error)}\n`)
    process.exit(1)
  }
}

function explained(name: string, error: unknown): string {
  const missing = missingPackage(error)
  if (missing !== undefined) {
    return `${name} needs ${missing}, an optional dependency: npm install --include=optional langgraph-background-runs`
  }
  if (error instanceof ConfigError || !(error instanceof Error)) return String(error)
  // Errors of Temporal's native part have no stack.
  return error.stack ?? String(error)
}
