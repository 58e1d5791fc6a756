import { isDeepStrictEqual } from 'node:util'
import type { Interrupt, Json, ResumeInput, WatchProgress } from '../client.ts'
import { messageOf, present } from '../domain/json.ts'
import type { Dialog } from './dialog.ts'
import { CliError, exitCodes } from './exit.ts'
import { answerIn, isPlainText } from './json-text.ts'
import { offeredAnswers } from './question.ts'

interface Asking {
  /** Absent if no person can be asked. */
  readonly dialog: Pick<Dialog, 'ask'> | undefined
  say(text: string): void
  /** Sends without asking for confirmation. */
  readonly yes: boolean
}

/**
 * Asks the person for what was not given. An answer that was given is not confirmed. The question is named by its id, so
 * that no other one gets the answer if another person is faster.
 *
 * @throws CliError 64 if nobody can be asked, or if the person does not want to send it
 */
export async function answerTo(
  { interrupts = [] }: WatchProgress,
  given: ResumeInput,
  asking: Asking,
): Promise<ResumeInput> {
  const { dialog, say, yes } = asking
  if (interrupts.length === 0) {
    if (!yes) await confirm('Continue?', dialog)
    return given
  }
  if (!dialog && given.value === undefined) {
    throw new CliError(
      exitCodes.usage,
      `stdin is not a terminal, so pass the answer, for example --value yes or --value '{"approved": true}'`,
    )
  }
  const question = await questionFor(given, interrupts, asking)
  const offered = question ? offeredAnswers(question) : []
  const interruptId = given.interruptId ?? question?.id
  if (given.value !== undefined || !dialog) {
    if (!isOffered(given.value, offered)) say(`The question offers ${inList(offered)}; this is another answer`)
    return { ...present({ interruptId }), value: given.value }
  }
  const value = await askForValue(dialog, offered, say)
  const sent = `Send ${JSON.stringify(value)}${isOffered(value, offered) ? '' : ', which the question does not offer'}?`
  if (!yes) await confirm(sent, dialog)
  return { ...present({ interruptId }), value }
}

/** If several are open, they are chosen by the numbers that were shown. */
async function questionFor(
  { interruptId, value }: ResumeInput,
  interrupts: readonly Interrupt[],
  { dialog, say }: Asking,
): Promise<Interrupt | undefined> {
  if (interruptId !== undefined) return interrupts.find(({ id }) => id === interruptId)
  if (interrupts.length === 1) return interrupts[0]
  if (value !== undefined || !dialog) return undefined
  for (;;) {
    const chosen = interrupts[Number(await dialog.ask(`Which one, 1-${interrupts.length}?`)) - 1]
    if (chosen?.id !== undefined) return chosen
    say('Enter one of the numbers (a question without an id must be answered in LangGraph)')
  }
}

async function askForValue(dialog: Pick<Dialog, 'ask'>, offered: readonly Json[], say: Asking['say']): Promise<Json> {
  const which = offered.length === 0 ? '' : `, ${inList(offered)}`
  for (;;) {
    const text = await dialog.ask(`The answer${which} (JSON; anything else is taken as a text):`)
    try {
      return answerIn({ text, source: 'The answer', isInline: false })
    } catch (error) {
      say(`${messageOf(error)} (Ctrl-D leaves without an answer)`)
    }
  }
}

function inList(offered: readonly Json[]): string {
  const typed = offered.map((answer) =>
    typeof answer === 'string' && isPlainText(answer) ? answer : JSON.stringify(answer),
  )
  return typed.join(' or ')
}

function isOffered(value: unknown, offered: readonly Json[]): boolean {
  return offered.length === 0 || offered.some((answer) => isDeepStrictEqual(answer, value))
}

async function confirm(question: string, dialog: Pick<Dialog, 'ask'> | undefined): Promise<void> {
  if (!dialog) throw new CliError(exitCodes.usage, 'stdin is not a terminal, so add --yes to continue the run')
  const reply = await dialog.ask(`${question} [y/N]`)
  if (!/^y(es)?$/i.test(reply)) throw new CliError(exitCodes.usage, 'Nothing was sent')
}
