import type { RunInput } from '../client.ts'
import { defaultDeployment } from '../domain/defaults.ts'

// Parts of commands that are shown to a person, who may paste them into a shell.

/** One word, in quotes if a shell would split it. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}

/** THREAD RUN, with the deployment if it is not the default. */
export function runArguments({ threadId, runId, deployment }: RunInput): string {
  const elsewhere = deployment && deployment !== defaultDeployment ? ` --deployment ${quoted(deployment)}` : ''
  return `${threadId} ${runId}${elsewhere}`
}
