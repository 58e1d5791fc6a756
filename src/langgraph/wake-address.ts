import { isContinuation } from '../domain/creation.ts'
import type { NewRun } from '../domain/creation.ts'
import { maxReasonBytes } from '../domain/defaults.ts'
import { bounded } from '../domain/text.ts'
import type { Answer } from './creation.ts'
import type { LangGraphError } from './errors.ts'
import type { RunToCreate } from './port.ts'

/**
 * Creates the run with the address that wakes the workflow, unless it has a webhook of its own. A server that does not
 * take the address is asked again without it: a hint must not decide whether a run exists.
 */
export async function createWithAddress(
  { wake, run: requested }: RunToCreate,
  run: NewRun,
  create: (run: NewRun) => Promise<Answer>,
): Promise<Answer> {
  // A run that continues another inherits its address, which may be of an earlier receiver or secret.
  const isInherited = isContinuation(requested) && wake !== undefined && run.webhook?.includes(wake.path)
  if (!wake || (run.webhook !== undefined && !isInherited)) return create(run)
  const answer = await create({ ...run, webhook: wake.url })
  if (answer.kind === 'created' || !isAboutAddress(answer.refusal)) return answer
  wake.refused(bounded(answer.refusal.message, maxReasonBytes))
  const { webhook: _, ...without } = run
  return create(without)
}

function isAboutAddress({ httpStatus, said = '' }: LangGraphError): boolean {
  return (httpStatus === 400 || httpStatus === 422) && /webhook/i.test(said)
}
