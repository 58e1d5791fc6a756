import { ConfigError } from './config.ts'
import { runWorker } from './ready-worker.ts'

/** `node dist/worker.js`: the ready worker in production, without the command line around it. */
try {
  await runWorker(process.env)
  process.exit(0)
} catch (error) {
  const isMistake = error instanceof ConfigError || !(error instanceof Error)
  // Errors of Temporal's native part have no stack.
  process.stderr.write(`${isMistake ? String(error) : (error.stack ?? String(error))}\n`)
  process.exit(1)
}
