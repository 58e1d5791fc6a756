// Imported before a program that npm runs: `node --import tsx --import ./dev/end-with-npm.mjs`.
import { isMainThread } from 'node:worker_threads'

// Every thread of the program imports this, but tsx is in the first one alone.
if (isMainThread) {
  const { endWithNpm } = await import('../src/cli/end-with-npm.ts')
  endWithNpm()
}
