// Imported before a program that npm runs: `node --import ./dev/end-with-npm.mjs`. A signal to npm ends npm's shell, which
// does not pass it on, so the program would stay. It now notices that it has another parent, and gets SIGTERM.
// `exec` in the npm script would do the same, but Windows has no `exec`.
import { isMainThread } from 'node:worker_threads'

const lookMs = 200
const parent = process.ppid

// Every thread of the program imports this.
if (isMainThread) {
  const looking = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(looking)
    process.kill(process.pid, 'SIGTERM')
  }, lookMs).unref()
}
