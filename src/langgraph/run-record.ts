import type { NewRun } from '../domain/creation.ts'
import { isRecord, present } from '../domain/json.ts'
import { boundedInterrupts, interruptsOf } from './checkpoint.ts'
import type { OwnWord } from './port.ts'
import { recordOf, textOf } from './wire.ts'

/** A run as the server gives it, alone or in a list. */
type Wire = Readonly<Record<string, unknown>>

/** With what the run was created. Most servers keep that in `kwargs`, the others beside it. */
export function givenTo(run: Wire): Wire {
  return isRecord(run['kwargs']) ? run['kwargs'] : run
}

/** The texts among its metadata. A server that drops a run's metadata may still keep those of its configuration. */
export function metadataOf(run: Wire): Readonly<Record<string, string>> {
  const texts = [recordOf(run['config'])['metadata'], run['metadata']]
    .flatMap((metadata) => Object.entries(recordOf(metadata)))
    .flatMap(([name, value]) => (typeof value === 'string' ? [[name, value] as const] : []))
  return Object.fromEntries(texts)
}

/** Its record shows what the run was given, and no strategy: such a server starts every run at once. */
export function ignoresStrategies(run: Wire): boolean {
  return 'input' in run && !('kwargs' in run) && !('multitask_strategy' in run)
}

/** What continues such a run. A server that refuses to start a run without an input takes a map of no answers. */
export function withoutAnswer(run: Wire): Pick<NewRun, 'input' | 'command'> {
  return ignoresStrategies(run) ? { command: { resume: {} } } : { input: null }
}

/** `undefined`: the server keeps neither results nor errors in its records. */
export function ownWordIn(run: Wire): OwnWord | undefined {
  if (!tellsItsEnd(run)) return undefined
  const error = textOf(run['error_message']) ?? ''
  const { __interrupt__: asked, ...output } = recordOf(run['output'])
  const questions = boundedInterrupts(interruptsOf(asked))
  const hasOutput = questions.interrupts.length === 0 && Object.keys(output).length > 0
  return { ...present({ error: error === '' ? undefined : error }), questions, hasOutput }
}

export function tellsItsEnd(run: Wire): boolean {
  return !('kwargs' in run) && ('output' in run || 'error_message' in run)
}
