import { WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import type { Cancellation } from '../../src/client.ts'
import { runMemoKey } from '../../src/domain/contract.ts'
import { isRecord } from '../../src/domain/json.ts'
import { chanceOf } from './chance.ts'
import type { Act } from './kinds.ts'
import type { Patience } from './patience.ts'
import type { Stage } from './stage.ts'

/** A client that does something while its run is on its way. */
interface Acting {
  readonly stage: Stage
  readonly handle: WorkflowHandle
  readonly patience: Patience
  readonly symbol: string
  readonly told: Told
}

/** What it was told of that. */
export interface Told {
  readonly cancellations: Cancellation[]
  /** The runs that receipts name. */
  readonly receipts: (string | undefined)[]
}

const betweenLooksMs = 500
const longestBeforeCancelMs = 8000

export const acts: Readonly<Record<Act, (acting: Acting) => Promise<void>>> = {
  answer,
  'cancel the run': async (acting) => {
    await pauseBeforeCancel(acting)
    await cancelRun(acting)
  },
  'cancel the workflow': async (acting) => {
    await pauseBeforeCancel(acting)
    await acting.patience.withTemporal(() => acting.handle.cancel())
  },
}

/** What the graph `human` is answered. */
export function answerTo(symbol: string): string {
  return `answer to ${symbol}`
}

/** Once; under the same update id again while nobody says what came of it. */
async function answer(acting: Acting): Promise<void> {
  const { stage, handle, patience, symbol, told } = acting
  const { workflowId } = handle
  for (let n = 1; await isAsked(acting); n += 1) {
    const options = { updateId: `answer ${n}` }
    const resume = () => stage.runs.resume({ workflowId }, { value: answerTo(symbol) }, options)
    try {
      const { run_id } = await patience.withTemporal(resume)
      told.receipts.push(run_id)
      return
    } catch (error) {
      // It says that the answer was not given. The outcome shows whether that is true.
      if (!hasNoEffect(error)) throw error
    }
  }
}

/** Waits for the question. @returns false if the workflow has ended */
async function isAsked({ handle, patience }: Acting): Promise<boolean> {
  for (;;) {
    const { status, memo } = await patience.withTemporal(() => handle.describe())
    if (status.name !== 'RUNNING') return false
    const own: unknown = memo?.[runMemoKey]
    if (isRecord(own) && own['state'] === 'human') return true
    await patience.pause(betweenLooksMs)
  }
}

/** Until it is known what came of it. */
async function cancelRun({ stage, handle: { workflowId }, patience, told }: Acting): Promise<void> {
  for (;;) {
    try {
      const cancellation = await patience.withTemporal(() => stage.runs.cancelRun({ workflowId }))
      told.cancellations.push(cancellation)
      if (cancellation.result !== 'cancel_unconfirmed') return
    } catch (error) {
      // The watch has ended meanwhile, for example by the same request, whose answer was lost.
      if (hasNoEffect(error)) return
      throw error
    }
  }
}

async function pauseBeforeCancel({ patience, symbol }: Acting): Promise<void> {
  await patience.pause(chanceOf(symbol, 'cancelled')() * longestBeforeCancelMs)
}

function hasNoEffect(error: unknown): boolean {
  return error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError
}
