import { parseWatchRunInput } from '../../src/domain/parse-input.ts'
import { inWords } from '../../src/domain/problem.ts'

export const ids = { threadId: '0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b', runId: '1199a1b2-c3d4-1e5f-0a9b-0c1d2e3f4a5b' }
export const run = { ...ids, deployment: 'default' }

/** Holds itself, so JSON cannot hold it. */
export const circular: Record<string, unknown> = {}
circular['self'] = circular
export const holes: unknown[] = ['stream_values']
holes[2] = 'join_stream'

export const problemsOf = (input: unknown): readonly string[] => {
  const parsed = parseWatchRunInput(input)
  return parsed.kind === 'refused' ? parsed.problems.map(inWords) : []
}
export const optionsOf = (more: object) => {
  const parsed = parseWatchRunInput({ ...ids, ...more })
  if (parsed.kind === 'refused') throw new Error(parsed.problems.map(inWords).join('\n'))
  return parsed.options
}
