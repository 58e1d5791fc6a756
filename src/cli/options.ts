import { Argument, InvalidArgumentError, Option } from 'commander'
import { defaultDeployment, defaultRetrievalTimeout, retrievalStrategies } from '../domain/defaults.ts'
import { inWords } from '../domain/problem.ts'
import type { Problem } from '../domain/problem.ts'

// An option's name is that of the input's field in kebab case, so that commander's name for it is the field's.

export const threadArgument = () => new Argument('<thread>', 'id of the LangGraph thread (a UUID)')
export const runArgument = () => new Argument('<run>', 'id of the run (a UUID)')

export const jsonOption = () => new Option('--json', 'print JSON, on one line')

export const deploymentOption = () =>
  new Option(
    '--deployment <name>',
    `a LangGraph server, by its name in the worker's configuration (default: ${defaultDeployment})`,
  )

export const retrievalOptions = () => [
  new Option(
    '--retrieval-order <names>',
    `where to look for the result, in this order (default: ${retrievalStrategies.join(',')})`,
  ).argParser(names),
  new Option(
    '--retrieval-timeout <duration>',
    `for all of these together, 1s-1h (default: ${defaultRetrievalTimeout})`,
  ).argParser(duration),
  new Option('--result-keys <names>', 'keep only these fields of the result, such as a,b').argParser(names),
]

/** `a,b`; given twice, the names add up. */
export function names(text: string, earlier: readonly string[] = []): string[] {
  return [...earlier, ...text.split(',').map((name) => name.trim())]
}

/** Names, or `*` for all. */
export function namesOrAll(text: string, earlier?: '*' | readonly string[]): '*' | readonly string[] {
  if (text.trim() === '*' || earlier === '*') return '*'
  return names(text, earlier)
}

/** The input's parser reads the text. Only a number is refused here, because the parser would take it as milliseconds. */
export function duration(text: string): string {
  const number = text.trim()
  if (number !== '' && !Number.isNaN(Number(number))) {
    throw new InvalidArgumentError(`Seconds or milliseconds? Write ${number}s or ${number}ms.`)
  }
  return text
}

/** @param allowed for the sentence about a text that is not a number; the input's parser judges the number */
export function numeric(allowed: string): (text: string) => number {
  return (text) => {
    if (text.trim() === '' || Number.isNaN(Number(text))) throw new InvalidArgumentError(`It must be ${allowed}.`)
    return Number(text)
  }
}

export function wholeNumber(most: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (Number.isInteger(number) && number >= 1 && number <= most) return number
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${most}.`)
  }
}

/** Fields of a command's input that it takes as arguments: every other one is an option. */
export function positionalFields(command: string): readonly string[] {
  return command === 'execute' ? ['assistantId'] : ['threadId', 'runId']
}

/** A problem of an input, in the words of the command line. */
export function asOption(problem: Problem, positional: readonly string[]): string {
  switch (problem.kind) {
    case 'not_allowed': {
      const what = problem.field === '' ? 'the input' : optionFor(problem.field, positional)
      return `${what} is ${problem.found}: must be ${problem.allowedAsText}`
    }
    // Commander refuses unknown options before.
    case 'unknown':
    case 'more_unknown':
      return inWords(problem)
  }
}

/** `--poll-interval`, or `THREAD` if the command takes the field as an argument. */
export function optionFor(field: string, positional: readonly string[]): string {
  const [group, inner = 'maximumAttempts'] = field.split('.')
  if (group === 'retry') return `--retry-${inner === 'maximumAttempts' ? 'attempts' : kebab(inner)}`
  const name = field.split('.').at(-1) ?? ''
  if (positional.includes(name)) return name.replace(/Id$/, '').toUpperCase()
  return `--${kebab(name)}`
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
