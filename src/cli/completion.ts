import { Argument } from 'commander'
import type { Command, Option } from 'commander'
import { bashScript } from './completion/bash.ts'
import { fishScript } from './completion/fish.ts'
import type { Completable } from './completion/words.ts'
import { zshScript } from './completion/zsh.ts'
import type { CommandContext } from './context.ts'
import { retrievalStrategies } from '../domain/defaults.ts'
import { allWords } from './list/states.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }

export function addCompletion(program: Command, context: CommandContext): void {
  program
    .command('completion')
    .summary('print a script that completes commands and options in your shell')
    .description(
      'Prints a script for your shell, with which Tab completes the commands, their options, and the words that these take.',
    )
    .addArgument(new Argument('<shell>', 'your shell').choices(Object.keys(scripts)))
    .addHelpText('after', help)
    .action((shell: keyof typeof scripts) => context.print(scripts[shell](completable(program))))
}

/** All that can be completed: it is known beforehand, so that Tab starts no program. */
function completable(program: Command): Completable {
  const everywhere = program.options.filter(({ long }) => long !== '--version').map(word)
  return {
    program: program.name(),
    options: program.options.map(word),
    commands: program.commands.map((command) => ({
      name: command.name(),
      about: command.summary(),
      options: [
        ...command.options.map(word),
        ...everywhere,
        { name: '--help', about: 'show all options, with examples', takesValue: false, choices: [], isList: false },
      ],
      choices: command.registeredArguments[0]?.argChoices ?? [],
    })),
  }
}

/** Options that take words with commas between, by their names in commander. */
const lists = new Map<string, readonly string[]>([
  ['state', allWords],
  ['retrievalOrder', retrievalStrategies],
])

function word(option: Option): Completable['options'][number] {
  const { long, description, required, argChoices = [] } = option
  const list = lists.get(option.attributeName())
  return {
    name: long ?? '',
    about: description.split(/[(:;]|, such/, 1)[0]?.trim() ?? '',
    takesValue: required,
    choices: list ?? argChoices,
    isList: list !== undefined,
  }
}

const help = `
Examples:
  bash, in ~/.bashrc:
  $ source <(langgraph-runs completion bash)

  zsh, in ~/.zshrc after compinit:
  $ source <(langgraph-runs completion zsh)

  fish:
  $ langgraph-runs completion fish > ~/.config/fish/completions/langgraph-runs.fish`
