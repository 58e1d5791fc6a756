interface Word {
  readonly name: string
  readonly about: string
  readonly takesValue: boolean
  /** The values that it takes; empty: any. */
  readonly choices: readonly string[]
}

interface Subcommand {
  readonly name: string
  readonly about: string
  readonly options: readonly Word[]
  /** Of its first argument. */
  readonly choices: readonly string[]
}

/** What a shell completes. */
export interface Completable {
  readonly program: string
  /** Before a command. */
  readonly options: readonly Word[]
  readonly commands: readonly Subcommand[]
}

/** What may stand after an option, for each command (`''` before there is one) that has it. */
export function valuesOf({
  options,
  commands,
}: Completable): { readonly after: string; readonly choices: readonly string[] }[] {
  return [{ name: '', options }, ...commands].flatMap(({ name, options: own }) =>
    own
      .filter(({ takesValue }) => takesValue)
      .map((option) => ({ after: `${name} ${option.name}`, choices: option.choices })),
  )
}

/** One word of a shell, whatever is in it. */
export function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
