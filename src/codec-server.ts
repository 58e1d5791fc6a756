import { ConfigError } from './config.ts'
import { missingPackage } from './missing-package.ts'

/** `node dist/codec-server.js`: decrypts payloads for Temporal's Web UI and its command line. */
try {
  const { runCodecServer } = await import('./payloads/codec-server/run-codec-server.ts')
  await runCodecServer(process.env)
  process.exit(0)
} catch (error) {
  process.stderr.write(`${explained(error)}\n`)
  process.exit(1)
}

function explained(error: unknown): string {
  const missing = missingPackage(error)
  if (missing !== undefined) {
    return `The codec server needs ${missing}, an optional dependency: npm install --include=optional langgraph-background-runs`
  }
  if (error instanceof ConfigError || !(error instanceof Error)) return String(error)
  return error.stack ?? String(error)
}
