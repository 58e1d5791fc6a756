import { ConfigError } from './config.ts'
import { missingPackage } from './missing-package.ts'

/** `node dist/webhook.js`: takes LangGraph's webhooks, and wakes the workflows that wait for the runs. */
try {
  const { runReceiver } = await import('./webhook/run-receiver.ts')
  await runReceiver(process.env)
  process.exit(0)
} catch (error) {
  process.stderr.write(`${explained(error)}\n`)
  process.exit(1)
}

function explained(error: unknown): string {
  const missing = missingPackage(error)
  if (missing !== undefined) {
    return `The webhook receiver needs ${missing}, an optional dependency: npm install --include=optional langgraph-background-runs`
  }
  if (error instanceof ConfigError || !(error instanceof Error)) return String(error)
  return error.stack ?? String(error)
}
