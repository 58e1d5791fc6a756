import type { Json, ResumeInput, WatchProgress } from '../client.ts'
import type { Dialog } from './dialog.ts'
import { CliError, exitCodes } from './exit.ts'

interface Asking {
  /** Absent if no person can be asked. */
  readonly dialog: Pick<Dialog, 'ask'> | undefined
  say(text: string): void
  /** Sends without asking for confirmation. */
  readonly yes: boolean
}

/**
 * What is to be sent: what was given, and the rest as the person says it. An answer that was given is not confirmed.
 *
 * @throws CliError 64 if nobody can be asked, or if the person does not want to send it
 */
export async function answerTo(
  { interrupts = [] }: WatchProgress,
  given: ResumeInput,
  asking: Asking,
): Promise<ResumeInput> {
  if (given.value !== undefined) return given
  const { dialog } = asking
  if (interrupts.length === 0) {
    if (!asking.yes) await confirm('Continue?', dialog)
    return given
  }
  if (!dialog) {
    throw new CliError(
      exitCodes.usage,
      `stdin is not a terminal, so pass the answer, for example --value '{"approved": true}' or --value '"a text"'`,
    )
  }
  const which = given.interruptId === undefined ? await whichOne(dialog, interrupts, asking) : {}
  const value = await askForValue(dialog, asking)
  if (!asking.yes) await confirm(`Send ${JSON.stringify(value)}?`, dialog)
  return { ...given, ...which, value }
}

/** If several are open, they are chosen by the numbers that were shown. */
async function whichOne(
  dialog: Pick<Dialog, 'ask'>,
  interrupts: NonNullable<WatchProgress['interrupts']>,
  { say }: Asking,
): Promise<ResumeInput> {
  if (interrupts.length === 1) return {}
  for (;;) {
    const id = interrupts[Number(await dialog.ask(`Which one, 1-${interrupts.length}?`)) - 1]?.id
    if (id !== undefined) return { interruptId: id }
    say('Enter one of the numbers (a question without an id must be answered in LangGraph)')
  }
}

async function askForValue(dialog: Pick<Dialog, 'ask'>, { say }: Asking): Promise<Json> {
  for (;;) {
    const text = await dialog.ask('The answer (JSON; anything else is taken as a text):')
    const value = text === '' ? null : jsonOrText(text)
    if (value !== null) return value
    say('Enter an answer: any JSON but null, or a text (Ctrl-D leaves without an answer)')
  }
}

function jsonOrText(text: string): Json {
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch {
    return text
  }
}

async function confirm(question: string, dialog: Pick<Dialog, 'ask'> | undefined): Promise<void> {
  if (!dialog) throw new CliError(exitCodes.usage, 'stdin is not a terminal, so add --yes to continue the run')
  const reply = await dialog.ask(`${question} [y/N]`)
  if (!/^y(es)?$/i.test(reply)) throw new CliError(exitCodes.usage, 'Nothing was sent')
}
