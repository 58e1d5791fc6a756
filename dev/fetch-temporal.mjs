// For CI: both embedded Temporal servers come before the first test, with a plain error when they cannot.
import { findTemporal } from './embedded-temporal.ts'

for (const binary of ['cli', 'testServer']) {
  const path = await findTemporal(binary, { note: (text) => process.stdout.write(`${text}\n`) })
  process.stdout.write(`${path}\n`)
}
