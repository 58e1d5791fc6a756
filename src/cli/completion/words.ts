interface Word {
  readonly name: string
  readonly about: string
  readonly takesValue: boolean
  /** The values that it takes; empty: any. */
  readonly choices: readonly string[]
  /** It takes several of them, with commas between. */
  readonly isList: boolean
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

interface Values extends Pick<Word, 'choices' | 'isList'> {
  /** `list --state` */
  readonly after: string
}

/** What may stand after an option, for each command (`''` before there is one) that has it. */
export function valuesOf({ options, commands }: Completable): Values[] {
  return [{ name: '', options }, ...commands].flatMap(({ name, options: own }) =>
    own
      .filter(({ takesValue }) => takesValue)
      .map((option) => ({ after: `${name} ${option.name}`, choices: option.choices, isList: option.isList })),
  )
}

/** One word of a shell, whatever is in it. */
export function inQuotes(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
