import { marked, newMark, withDigits } from '../domain/inexact-numbers.ts'
import { RawJson } from './cut.ts'
import { BadAnswer } from './errors.ts'

/** One for the process: what one request has read another one sends. */
const mark = newMark()

/** The value of what was kept apart, to be sent again: its integers go out digit by digit, however large they are. */
export function sendable(kept: unknown): unknown {
  if (!(kept instanceof RawJson)) return kept
  if (kept.text === undefined) throw new BadAnswer('has options that are too large to be sent again')
  return JSON.parse(marked(kept.text, mark))
}

export function exactBody(body: string): string {
  return withDigits(body, mark)
}
