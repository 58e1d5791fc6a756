import type { WatchRunInput } from '../../client.ts'
import { watchWorkflowId } from '../../domain/contract.ts'
import { messageOf } from '../../domain/json.ts'
import { parseWatchRunInput } from '../../domain/parse-input.ts'
import { shown } from '../../domain/text.ts'
import { requireValid } from '../context.ts'
import { CliError, exitCodes } from '../exit.ts'

/**
 * The runs that a text names, `THREAD RUN` a line, each of them once. Empty lines and what follows a `#` do not count.
 *
 * @param how to wait for each
 * @throws CliError 64 that names the line, before any watch is started
 */
export function runsIn(text: string, how: Omit<WatchRunInput, 'threadId' | 'runId'>): WatchRunInput[] {
  const runs = new Map<string, WatchRunInput>()
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.replace(/#.*/, '').trim().split(/\s+/)
    if (words[0] === '') continue
    const input = accepted(words, how, index + 1)
    runs.set(watchWorkflowId(input), input)
  }
  if (runs.size > 0) return [...runs.values()]
  throw new CliError(exitCodes.usage, 'stdin names no run: write THREAD RUN, one pair a line')
}

function accepted(
  [threadId = '', runId, ...more]: readonly string[],
  how: Omit<WatchRunInput, 'threadId' | 'runId'>,
  line: number,
): WatchRunInput {
  if (runId === undefined || more.length > 0) {
    const words = shown([threadId, runId, ...more].filter((word) => word !== undefined).join(' '))
    throw new CliError(exitCodes.usage, `Line ${line} of stdin is ${words}: must be THREAD RUN`)
  }
  const input = { threadId, runId, ...how }
  try {
    requireValid('watch', parseWatchRunInput(input))
  } catch (error) {
    throw new CliError(exitCodes.usage, `Line ${line} of stdin: ${messageOf(error)}`)
  }
  return input
}
