import { messageOf } from './domain/json.ts'

/** The package that an import did not find, if that is the error. */
export function missingPackage(error: unknown): string | undefined {
  const [, missing] = /^Cannot find package '([^']+)'/.exec(messageOf(error)) ?? []
  return missing
}
