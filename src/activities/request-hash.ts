import { createHash } from 'node:crypto'
import { canonicalJson } from '../domain/canonical.ts'
import type { CreateRunRequest } from '../domain/creation.ts'

/** What tells one request from another: all that decides the run, and nothing of how it is waited for. */
export function requestHash({ deployment, threadId, run }: Pick<CreateRunRequest, 'deployment' | 'threadId' | 'run'>) {
  return createHash('sha256').update(canonicalJson({ deployment, threadId, run })).digest('hex')
}
