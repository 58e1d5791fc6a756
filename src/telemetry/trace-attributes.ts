import { isRecord, present } from '../domain/json.ts'

/** What a span says of a run: which one it is, and nothing that it was given or has made. */
export function attributesOf(about: unknown): Readonly<Record<string, string>> {
  if (!isRecord(about)) return {}
  const { deployment, threadId, runId, assistantId, run } = about
  return present({
    'langgraph.deployment': textOf(deployment),
    'langgraph.thread_id': textOf(threadId),
    'langgraph.run_id': textOf(runId),
    'langgraph.assistant_id': textOf(assistantId ?? (isRecord(run) ? run['assistantId'] : undefined)),
  })
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
