import { inQuotes, valuesOf } from './words.ts'
import type { Completable } from './words.ts'

export function bashScript(all: Completable): string {
  const { program, options, commands } = all
  const values = valuesOf(all).map(
    ({ after, choices, isList }) =>
      `    ${inQuotes(after)}) words=${inQuotes(choices.join(' '))}${isList ? '; _langgraph_runs_list' : ''} ;;`,
  )
  const words = commands.map(({ name, options: own, choices }) => {
    const all = [...choices, ...own.map((option) => option.name)]
    return `      ${name}) words=${inQuotes(all.join(' '))} ;;`
  })
  const first = [...commands.map(({ name }) => name), 'help', ...options.map(({ name }) => name)]
  return `# Tab completion of ${program} for bash: source <(${program} completion bash)
# Of a list with commas: the words that it does not have yet, each behind what is typed.
_langgraph_runs_list() {
  local word current=\${COMP_WORDS[COMP_CWORD]} left=
  local typed=\${current%"\${current##*,}"}
  for word in $words; do
    case ,$typed in *,"$word",*) ;; *) left+=" $typed$word" ;; esac
  done
  words=$left
  compopt -o nospace 2>/dev/null
}
_langgraph_runs() {
  local word command= words=
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in ${commands.map(({ name }) => name).join(' | ')}) command=$word; break ;; esac
  done
  case "$command \${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
    *) case $command in
      '') words=${inQuotes(first.join(' '))} ;;
${words.join('\n')}
    esac ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _langgraph_runs ${program}`
}
