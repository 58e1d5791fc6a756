import type { Json, ResumeInput, WatchProgress } from '../client.ts'
import type { Dialog } from './dialog.ts'
import { CliError, exitCodes } from './exit.ts'

interface Asking {
  /** Absent where no person is there to ask. */
  readonly dialog: Pick<Dialog, 'ask'> | undefined
  say(text: string): void
  /** Sends it without asking. */
  readonly yes: boolean
}

/**
 * What is to be sent: what was given, the rest as a person says it.
 *
 * @throws CliError 64 where nobody is there to ask, or where the person does not want to send it
 */
export async function answerTo(
  { interrupts = [] }: WatchProgress,
  given: ResumeInput,
  asking: Asking,
): Promise<ResumeInput> {
  const isBreakpoint = interrupts.length === 0
  if (isBreakpoint || given.value !== undefined) {
    await confirm(
      isBreakpoint && given.value === undefined ? 'Let it go on?' : `Send ${shown(given.value)}?`,
      asking,
      isBreakpoint,
    )
    return given
  }
  if (!asking.dialog) {
    throw new CliError(
      exitCodes.usage,
      `Nobody is here to ask, since this is no terminal: give the answer, such as --value '{"approved": true}' or --value '"a text"'`,
    )
  }
  const { dialog } = asking
  const which = given.interruptId === undefined ? await whichOne(dialog, interrupts, asking) : {}
  const value = await askForValue(dialog, asking)
  await confirm(`Send ${shown(value)}?`, asking, false)
  return { ...given, ...which, value }
}

/** Several are open: their numbers are those that were shown. */
async function whichOne(
  dialog: Pick<Dialog, 'ask'>,
  interrupts: NonNullable<WatchProgress['interrupts']>,
  { say }: Asking,
): Promise<ResumeInput> {
  if (interrupts.length === 1) return {}
  for (;;) {
    const id = interrupts[Number(await dialog.ask(`Which one, 1-${interrupts.length}?`)) - 1]?.id
    if (id !== undefined) return { interruptId: id }
    say('One of the numbers, please (a question without an id must be answered in LangGraph)')
  }
}

async function askForValue(dialog: Pick<Dialog, 'ask'>, { say }: Asking): Promise<Json> {
  for (;;) {
    const text = await dialog.ask('The answer (JSON; anything else is taken as a text):')
    const value = text === '' ? null : jsonOrText(text)
    if (value !== null) return value
    say('An answer is needed: any JSON but null, or a text (Ctrl-D: leave without an answer)')
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

/** A script that gives an answer means it; only going on from a breakpoint has no word of its own. */
async function confirm(question: string, { dialog, yes }: Asking, mustBeSaid: boolean): Promise<void> {
  if (yes) return
  if (!dialog) {
    if (!mustBeSaid) return
    throw new CliError(exitCodes.usage, 'Nobody is here to ask, since this is no terminal: to let it go on, add --yes')
  }
  const reply = await dialog.ask(`${question} [y/N]`)
  if (!/^y(es)?$/i.test(reply)) throw new CliError(exitCodes.usage, 'Nothing was sent')
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing'
}
