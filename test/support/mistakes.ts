import { expect } from 'vitest'
import { ConfigError } from '../../src/config.ts'

/** The mistakes that are named when a configuration is loaded; none if it is accepted. None may repeat a value, which may be a secret. */
export function mistakesIn(load: () => unknown): readonly string[] {
  const mistakes = thrownMistakes(load)
  expect(mistakes.join('\n')).not.toContain('planted')
  return mistakes
}

function thrownMistakes(load: () => unknown): readonly string[] {
  try {
    load()
    return []
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.mistakes
  }
}
