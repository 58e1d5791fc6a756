// CI fetches both embedded Temporal servers before the first test, and fails with a plain error if it cannot.
import { findTemporal } from './embedded-temporal.ts'

for (const binary of ['cli', 'testServer']) {
  const path = await findTemporal(binary, { note: (text) => process.stdout.write(`${text}\n`) })
  process.stdout.write(`${path}\n`)
}
