import { bounded } from './text.ts'

/**
 * What is wrong with one field of an input. It is data, because each surface has words of its own: the API here, the
 * command line in `src/cli/options.ts`.
 */
export type Problem =
  | {
      readonly kind: 'not_allowed'
      /** A path such as `pollInterval.maximumInterval`; empty: the argument itself. */
      readonly field: string
      readonly found: string
      readonly allowed: string
      /** The same for a value that is written as a text, as on a command line. */
      readonly allowedAsText: string
    }
  | {
      readonly kind: 'unknown'
      readonly field: string
      readonly found: string
      readonly known: readonly string[]
    }
  /** Further unknown fields, which are not named. */
  | { readonly kind: 'more_unknown'; readonly count: number }

/** The sentence of the API. */
export function inWords(problem: Problem): string {
  switch (problem.kind) {
    case 'not_allowed': {
      const what = problem.field === '' ? 'the argument' : `\`${problem.field}\``
      return `${what} is ${problem.found}: must be ${problem.allowed}`
    }
    case 'unknown':
      return `\`${bounded(problem.field, 100)}\` is unknown (value ${problem.found}): allowed are ${problem.known.join(', ')}`
    case 'more_unknown':
      return `${problem.count} more are unknown`
  }
}

/** The one sentence that an `InvalidInput` failure carries. */
export function refusal(what: string, problems: readonly string[]): string {
  return `Invalid input for ${what}: ${problems.join('; ')}`
}
