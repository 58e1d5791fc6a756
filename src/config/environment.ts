/** The environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What stops a worker, and what is only unwise. Neither repeats a value: it may be a secret. */
export interface Findings {
  readonly mistakes: string[]
  readonly warnings: string[]
}

/** An empty variable counts as not given: compose files and CI write them so. */
export function given(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name]?.trim() || undefined : undefined
}

/** As `given`. Quotes around a value are a mistake: `docker run --env-file`, for one, makes them part of it. */
export function read(env: Environment, name: string, { mistakes }: Findings): string | undefined {
  const value = given(env, name)
  const [, , unquoted] = /^(["'])([^]*)\1$/.exec(value ?? '') ?? []
  if (unquoted === undefined) return value
  mistakes.push(`${name}: the quotes around the value count as part of it: remove them`)
  return unquoted.trim() || undefined
}

/** A variable that the configuration names. */
export function readNamed(at: string, name: unknown, env: Environment, found: Findings): string | undefined {
  const value = typeof name === 'string' ? read(env, name, found) : undefined
  if (value === undefined) found.mistakes.push(`${at}: ${whyNone(name)}`)
  return value
}

/** Somebody may have put the secret itself there, so only what looks like a name is repeated. */
function whyNone(name: unknown): string {
  return typeof name === 'string' && /^[A-Z][A-Z0-9_]{0,49}$/.test(name)
    ? `the environment variable ${name} is not set, or empty`
    : 'must be the name of an environment variable that is set'
}
