import type { RunInput } from '../client.ts'
import { defaultDeployment } from '../domain/defaults.ts'
import { quoted } from '../domain/printable.ts'

/** THREAD RUN, with the deployment if it is not the default: a person may paste it into a shell, and servers make ids. */
export function runArguments({ threadId, runId, deployment }: RunInput): string {
  const elsewhere = deployment && deployment !== defaultDeployment ? ` --deployment ${quoted(deployment)}` : ''
  return `${quoted(threadId)} ${quoted(runId)}${elsewhere}`
}
