import { isDeepStrictEqual } from 'node:util'
import { present } from '../domain/json.ts'
import type { Interrupt, KnownEnding, RunEnding } from '../domain/run.ts'
import { checkpointAnswer, threadAnswer } from './answers.ts'
import type { RunAccess } from './ask.ts'
import { endingAt, parseCheckpoint, withoutAnswered } from './checkpoint.ts'
import type { Checkpoint } from './checkpoint.ts'
import { newestOwnEnding, runsOf } from './reads.ts'
import type { OwnWord } from './port.ts'
import { recordOf, textOf } from './wire.ts'

type Unproven = Extract<RunEnding, { kind: 'unproven' }>

const hidden: RunEnding = { kind: 'hidden', reason: 'a later run may have answered its question' }

/**
 * How a run ended whose record says so; `undefined` if its checkpoints alone can tell.
 *
 * `interrupted` is the word of some servers for a run that waits for a human as well as for one that was cancelled, even if
 * it had ended before.
 */
export async function endingByRecord(
  access: RunAccess,
  status: string,
  word: OwnWord,
  noOwnCheckpoint: string,
): Promise<RunEnding | undefined> {
  const unproven: Unproven = { kind: 'unproven', reason: noOwnCheckpoint }
  if (word.error !== undefined) return failed(access, word.error, unproven)
  if (status !== 'interrupted') return undefined
  const own = await newestOwnEnding(access)
  if (word.questions.interrupts.length > 0) return asked(access, word, own)
  if (word.hasOutput && own?.next.length === 0) return { ...withoutQuestions(own), endedAs: 'success' }
  return cancelledOrWaiting(access, word, own, unproven)
}

/** The name of the error is only at the checkpoint, where another run may have left its own. Without it the text will do. */
async function failed(access: RunAccess, error: string, unproven: Unproven): Promise<RunEnding> {
  const own = await unlessItFails(access, newestOwnEnding(access))
  const at = own ?? (await unlessItFails(access, newestState(access)))
  const isSame = at?.error?.includes(error.replaceAll(/^['"]|['"]$/g, '')) ?? false
  const ending = at && (own || isSame) ? endingAt(at) : unproven
  return { ...ending, error: (isSame ? at?.error : undefined) ?? error, endedAs: 'error' }
}

async function unlessItFails<T>({ signal }: RunAccess, reading: Promise<T>): Promise<T | undefined> {
  return reading.catch(() => {
    signal.throwIfAborted()
    return undefined
  })
}

async function cancelledOrWaiting(
  access: RunAccess,
  word: OwnWord,
  own: Checkpoint | undefined,
  unproven: Unproven,
): Promise<RunEnding> {
  const open = await openQuestions(access)
  const isLast = await isLastRun(access)
  if (open && isLast) return open
  // Nobody can tell what has become of a question if a later run may have answered it.
  const mayHaveAsked = word.hasOutput || (own !== undefined && own.interrupts.interrupts.length > 0)
  if (!isLast && mayHaveAsked) return hidden
  return own ? withoutQuestions(own) : unproven
}

/** Its questions are in the record; the nodes that ask, and further questions, only at a checkpoint. */
async function asked(access: RunAccess, { questions }: OwnWord, own: Checkpoint | undefined): Promise<KnownEnding> {
  const at = own ?? (await newestState(access))
  const shown = at.interrupts.interrupts
  const nodeOf = ({ id, value }: Interrupt) =>
    shown.find((other) => other.id === id && isDeepStrictEqual(other.value, value))?.node
  const interrupts = questions.interrupts.map((question) => ({ ...question, ...present({ node: nodeOf(question) }) }))
  const areAllShown = interrupts.every(({ node }) => node !== undefined)
  const asksMore = areAllShown && shown.length > interrupts.length && (await isLastRun(access))
  if (asksMore) return endingAt(at)
  return {
    kind: 'known',
    next: areAllShown ? at.next : [],
    ...questions,
    interrupts,
    ...present({ checkpointId: own?.checkpointId }),
  }
}

/** The thread waits, so its last run does. The questions of a thread that does not wait are answered ones. */
async function openQuestions(access: RunAccess): Promise<KnownEnding | undefined> {
  const { client, run, signal } = access
  const thread = recordOf(await client.reading(threadAnswer).threads.get(run.threadId, { signal }))
  if (textOf(thread['status']) !== 'interrupted') return undefined
  const newest = await newestState(access)
  return newest.interrupts.interrupts.length > 0 ? endingAt(newest) : undefined
}

async function newestState({ client, run, signal }: RunAccess): Promise<Checkpoint> {
  const { threads } = client.reading(checkpointAnswer)
  return parseCheckpoint(withoutAnswered(await threads.getState(run.threadId, undefined, { signal })))
}

async function isLastRun({ client, run, signal }: RunAccess): Promise<boolean> {
  const runs = await runsOf(client, run.threadId, signal)
  return runs.at(-1)?.runId === run.runId
}

function withoutQuestions({ next, checkpointId }: Checkpoint): KnownEnding {
  return { kind: 'known', next, interrupts: [], ...present({ checkpointId }) }
}
