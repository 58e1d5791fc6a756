import { inQuotes, valuesOf } from './words.ts'
import type { Completable } from './words.ts'

type Named = { readonly name: string; readonly about: string }

export function zshScript(all: Completable): string {
  const { program, options, commands } = all
  const values = valuesOf(all).map(({ after, choices, isList }) => {
    const offer = `${isList ? '_langgraph_runs_list' : 'compadd --'} ${choices.map(inQuotes).join(' ')}`
    return `    (${inQuotes(after)}) ${choices.length > 0 ? offer : '_files'}; return ;;`
  })
  const words = commands.map(({ name, options: own, choices }) => {
    const first = choices.map((choice) => ({ name: choice, about: '' }))
    return `    (${name}) found=(${described([...first, ...own])}) ;;`
  })
  const first = [...commands, { name: 'help', about: 'show the help of a command' }, ...options]
  return `#compdef ${program}
# Tab completion of ${program} for zsh: source <(${program} completion zsh)
# Of a list with commas: the words that it does not have yet.
_langgraph_runs_list() {
  local -a taken
  [[ $PREFIX == *,* ]] && taken=(\${(s:,:)PREFIX%,*})
  compset -P '*,'
  compadd -qS , -- \${argv:|taken}
}
_langgraph_runs() {
  local word command=
  local -a found
  for word in \${words[2,CURRENT-1]}; do
    case $word in (${commands.map(({ name }) => name).join('|')}) command=$word; break ;; esac
  done
  case "$command \${words[CURRENT-1]}" in
${values.join('\n')}
  esac
  case $command in
    ('') found=(${described(first)}) ;;
${words.join('\n')}
  esac
  _describe -o ${inQuotes(program)} found
}
if [[ $funcstack[1] == _langgraph_runs ]]; then _langgraph_runs "$@"; else compdef _langgraph_runs ${program}; fi`
}

function described(words: readonly Named[]): string {
  return words.map(({ name, about }) => inQuotes(about === '' ? name : `${name}:${about}`)).join(' ')
}
