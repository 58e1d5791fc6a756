import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

const keptCharacters = 4000

/** Listens to what a child process writes. @returns the last of it, for the error when the child fails */
export function lastWordsOf(child: ChildProcess): () => string {
  let words = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      words = (words + String(chunk)).slice(-keptCharacters)
    })
  }
  return () => words.trim()
}

/** Sends the signal, unless the child has ended already. @returns when it has ended */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
