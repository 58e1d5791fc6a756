import { Argument, InvalidArgumentError, Option } from 'commander'
import { retrievalStrategies } from '../domain/defaults.ts'

// Options carry the inputs' names in kebab case, so that commander's names for them are the inputs'.

export const threadArgument = () => new Argument('<thread>', 'id of the LangGraph thread (a UUID)')
export const runArgument = () => new Argument('<run>', 'id of the run (a UUID)')

export const jsonOption = () => new Option('--json', 'print JSON, on one line')

export const deploymentOption = () =>
  new Option('--deployment <name>', "a LangGraph server of the worker's configuration (default: default)")

export const retrievalOptions = () => [
  new Option(
    '--retrieval-order <names>',
    `where to look for the result, in this order (default: ${retrievalStrategies.join(',')})`,
  ).argParser(names),
  new Option('--retrieval-timeout <duration>', 'for all of these together, 1s-1h (default: 30s)').argParser(duration),
  new Option('--result-keys <names>', 'keep only these fields of the result, such as a,b').argParser(names),
]

/** `a,b`; given twice, the names add up. */
function names(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...text.split(',').map((name) => name.trim())]
}

/** Names, or `*` for all. */
export function namesOrAll(text: string, earlier?: '*' | readonly string[]): '*' | readonly string[] {
  if (text.trim() === '*' || earlier === '*') return '*'
  return names(text, earlier)
}

/** A text: the input's parser reads it. Only a number says nothing to it, because it would mean milliseconds. */
export function duration(text: string): string {
  const number = text.trim()
  if (number !== '' && !Number.isNaN(Number(number))) {
    throw new InvalidArgumentError(`Seconds or milliseconds? Write ${number}s or ${number}ms.`)
  }
  return text
}

/** @param allowed for the sentence about a text that is no number; the input's parser judges the number */
export function numeric(allowed: string): (text: string) => number {
  return (text) => {
    if (text.trim() === '' || Number.isNaN(Number(text))) throw new InvalidArgumentError(`It must be ${allowed}.`)
    return Number(text)
  }
}

export function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1 || number > 1000) {
    throw new InvalidArgumentError('It must be a whole number from 1 to 1000.')
  }
  return number
}

/** A sentence about an input, in the words of the command line, where the thread is an argument or an option. */
export function asOptions(message: string, thread: 'THREAD' | '--thread-id' = 'THREAD'): string {
  return message
    .replaceAll(', or a number of milliseconds', '')
    .replaceAll(', or { initialInterval?, backoffCoefficient?, maximumInterval? }', '')
    .replaceAll('`threadId`', thread)
    .replaceAll('`runId`', 'RUN')
    .replaceAll('`assistantId`', 'ASSISTANT')
    .replaceAll('`watchRun`', '`langgraph-runs watch THREAD RUN`')
    .replaceAll('the query `progress`', '`langgraph-runs status`')
    .replaceAll('another workflow id', 'another --id')
    .replaceAll(inputField, (_, name: string) => `--${kebab(name)}`)
}

const inputFields = [
  'deployment',
  // How to wait.
  'pollInterval',
  'initialInterval',
  'backoffCoefficient',
  'maximumInterval',
  'maxPollTime',
  'stuckAfter',
  'retrievalOrder',
  'retrievalTimeout',
  'resultKeys',
  'onUnsuccessful',
  'onCancel',
  'onPollTimeout',
  'onInterrupt',
  'humanTimeout',
  // What to run.
  'input',
  'command',
  'config',
  'context',
  'metadata',
  'interruptBefore',
  'interruptAfter',
  'durability',
  'streamResumable',
  'multitaskStrategy',
  'afterSeconds',
  'webhook',
  // What to tell a watch.
  'action',
  'value',
  'interruptId',
]
const inputField = new RegExp(`\`(?:pollInterval\\.)?(${inputFields.join('|')})\``, 'g')

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
