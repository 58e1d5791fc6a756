import { upsertMemo, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow'
import { runMemoKey } from '../domain/contract.ts'
import { maxAttributeBytes, maxReasonBytes } from '../domain/defaults.ts'
import { isRecord, present } from '../domain/json.ts'
import { questionText } from '../domain/question-text.ts'
import { searchAttributes } from '../domain/state.ts'
import type { WatchMemo, WatchState } from '../domain/state.ts'
import { bounded, cutAtWord, inJson, utf8Bytes } from '../domain/text.ts'
import { iso, momentMs } from './clock.ts'
import type { Memory } from './memory.ts'
import { openInterrupts } from './question.ts'
import type { Question } from './question.ts'

interface Published {
  readonly memory: Memory
  readonly state: WatchState
  /** Of `executeRun`. */
  readonly assistant?: string | undefined
  readonly deployment: string
  readonly threadId?: string | undefined
  readonly error?: string | undefined
}

/** What says where a watch is: a change of anything else, such as the text of an error, is not worth an event. */
const telling = ['deployment', 'thread_id', 'run_id', 'assistant', 'state', 'question', 'attempt'] as const

/**
 * Brings the memo and the search attributes up to date, with at most one command each, and only if an activity has said
 * that they are kept.
 *
 * @param others further fields of the memo, which always take a command
 * @returns how much longer the history gets, in events
 */
export function publish(published: Published, others: Readonly<Record<string, object>> = {}): number {
  const { memo: isMemoKept, searchAttributes: areThere } = published.memory.shown ?? {}
  const memo = memoOf(published)
  const fields = { ...(isMemoKept && isNews(memo) && { [runMemoKey]: memo }), ...others }
  if (Object.keys(fields).length > 0) upsertMemo(fields)
  const attributes = areThere ? attributesOf(memo) : []
  if (attributes.length > 0) upsertSearchAttributes(attributes)
  const commands = [fields, attributes].filter((upserted) => Object.keys(upserted).length > 0)
  return commands.length + utf8Bytes(inJson(commands)) / 1024
}

function memoOf({ memory, state, assistant, deployment, threadId, error }: Published): WatchMemo {
  const { run, question, retry } = memory
  const { attempt, dueAtMs } = (state === 'backing_off' && retry) || {}
  return {
    deployment,
    state,
    state_since: iso(momentMs()),
    ...present({
      thread_id: threadId,
      run_id: run?.runId,
      assistant: assistant === undefined ? undefined : bounded(assistant, maxAttributeBytes),
      question: question && state === 'human' ? questionText(stillOpen(question), maxReasonBytes) : undefined,
      attempt,
      next_attempt_at: dueAtMs === undefined ? undefined : iso(dueAtMs),
      error: error === undefined ? undefined : cutAtWord(error, maxReasonBytes),
    }),
  }
}

function stillOpen(question: Question) {
  return { interrupts: openInterrupts(question), next: question.next }
}

/** The starter may have given a memo, also one of another shape. */
function isNews(memo: WatchMemo): boolean {
  const known: unknown = workflowInfo().memo?.[runMemoKey]
  return !isRecord(known) || telling.some((field) => known[field] !== memo[field])
}

function attributesOf({ thread_id, run_id, assistant, state }: WatchMemo) {
  const known = workflowInfo().typedSearchAttributes
  const values = [
    [searchAttributes.thread, thread_id],
    [searchAttributes.run, run_id],
    [searchAttributes.assistant, assistant],
    [searchAttributes.state, state],
  ] as const
  return values.flatMap(([name, value]) => {
    const key = { name, type: 'KEYWORD' } as const
    return value === undefined || known.get(key) === value ? [] : [{ key, value }]
  })
}
