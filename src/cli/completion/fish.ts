import type { Completable } from './words.ts'

export function fishScript({ program, options, commands }: Completable): string {
  const complete = (at: string, ...rest: readonly string[]) =>
    [`complete -c ${program} -n ${inQuotes(`__langgraph_runs_at ${at || "''"}`)}`, ...rest].join(' ')
  const optionLine = (at: string, { name, about, takesValue, choices, isList }: Completable['options'][number]) => {
    const words = choices.join(' ')
    const value =
      choices.length > 0
        ? `-x -a ${inQuotes(isList ? `(__langgraph_runs_list ${words})` : words)}`
        : takesValue
          ? '-r'
          : '-f'
    return complete(at, '-l', name.replace(/^--/, ''), value, '-d', inQuotes(about))
  }
  return [
    `# Tab completion of ${program} for fish: ${program} completion fish > ~/.config/fish/completions/${program}.fish`,
    `function __langgraph_runs_at
    set -l command ''
    for word in (commandline -opc)
        if contains -- $word ${commands.map(({ name }) => name).join(' ')}
            set command $word
            break
        end
    end
    test "$command" = "$argv[1]"
end
# Of a list with commas: the words that it does not have yet, each behind what is typed.
function __langgraph_runs_list
    set -l typed (commandline -ct | string match -r '^.*,')
    set -l taken (string split , -- $typed)
    for word in $argv
        contains -- $word $taken; or echo "$typed$word"
    end
end`,
    `complete -c ${program} -f`,
    ...commands.map(({ name, about }) => complete('', '-a', name, '-d', inQuotes(about))),
    ...options.map((option) => optionLine('', option)),
    ...commands.flatMap(({ name, options: own, choices }) => [
      ...(choices.length > 0 ? [complete(name, '-a', inQuotes(choices.join(' ')))] : []),
      ...own.map((option) => optionLine(name, option)),
    ]),
  ].join('\n')
}

/** In fish a backslash escapes within single quotes, too. */
function inQuotes(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}
