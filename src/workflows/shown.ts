import { workflowInfo } from '@temporalio/workflow'
import { present } from '../domain/json.ts'
import { searchAttributes } from '../domain/state.ts'
import { lookAtShown } from './activities.ts'
import { noAnswer } from './failures.ts'
import type { Memory } from './memory.ts'
import type { WatchMemory } from './watch-memory.ts'

const names: readonly string[] = Object.values(searchAttributes)

/**
 * Somebody may have removed the search attributes while the watch slept. A command that names one which is gone would be
 * refused for ever, so a watch that has them asks again before it continues as new, or ends, after a sleep.
 */
export async function lookAtShownAgain(watch: WatchMemory): Promise<void> {
  const known = watch.memory.shown
  if (!known?.searchAttributes) return
  try {
    watch.mayShow(await lookAtShown.executeWithOptions({ summary: 'are the search attributes still there?' }, []))
  } catch (error) {
    noAnswer(error)
    watch.mayShow({ memo: true, ...present({ notifies: known.notifies }) })
  }
}

/** As they are, unless those of the application may be gone: Temporal would not let them be carried on. */
export function attributesToCarry({ shown }: Memory) {
  const all = workflowInfo().typedSearchAttributes.getAll()
  const others = all.filter(({ key }) => !names.includes(key.name))
  if (shown?.searchAttributes || others.length === all.length) return {}
  return { typedSearchAttributes: others }
}
