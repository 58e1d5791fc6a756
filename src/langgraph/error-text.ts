import { cancelledWords } from '../domain/run.ts'

/**
 * A task's error in one readable form, "ValueError: boom for AAPL".
 *
 * JS servers send JSON, `{"message":"boom for AAPL","name":"ValueError"}`; Python servers the exception's `repr`,
 * `ValueError('boom for AAPL')`. Anything else stays as it is.
 */
export function errorText(wire: string): string {
  return fromJson(wire) ?? fromRepr(wire) ?? wire
}

/**
 * Some servers stop a cancelled run with an error that names how it was cancelled: in its stream, and in a node that was
 * running if another node of the same step had finished. A graph that throws such an error itself cannot be told apart.
 */
export function cancelledWordOf(text: string): string | undefined {
  if (text === 'Error: interrupt') return cancelledWords.interrupt
  return text === 'Error: rollback' ? cancelledWords.rollback : undefined
}

function fromJson(wire: string): string | undefined {
  try {
    const error: unknown = JSON.parse(wire)
    if (typeof error !== 'object' || error === null) return undefined
    const message: unknown = Reflect.get(error, 'message')
    const name: unknown = Reflect.get(error, 'name') ?? Reflect.get(error, 'error')
    if (typeof message !== 'string') return undefined
    return typeof name === 'string' ? named(name, message) : message
  } catch {
    return undefined
  }
}

/** A longer text could overflow the stack of the regular expression. */
const longestRepr = 1_000_000

function fromRepr(wire: string): string | undefined {
  if (wire.length > longestRepr) return undefined
  const [, name, args] = /^([A-Za-z_][\w.]*)\((.*)\)$/s.exec(wire) ?? []
  if (name === undefined || args === undefined) return undefined
  return named(name, pythonString(args) ?? args)
}

function named(name: string, message: string): string {
  return message === '' ? name : `${name}: ${message}`
}

/** A Python string literal's text; `undefined` if there is more than one literal. */
function pythonString(literal: string): string | undefined {
  const [, single, double] = /^(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"),?$/s.exec(literal) ?? []
  return (single ?? double)?.replaceAll(
    /\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(00(?:0[0-9a-f]|10)[0-9a-f]{4})|(.))/gs,
    (_, x?: string, u?: string, wide?: string, plain?: string) => {
      const code = x ?? u ?? wide
      if (code !== undefined) return String.fromCodePoint(Number.parseInt(code, 16))
      return { n: '\n', t: '\t', r: '\r' }[plain ?? ''] ?? plain ?? ''
    },
  )
}
