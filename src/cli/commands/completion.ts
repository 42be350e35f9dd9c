import { completionScript, shells } from '../completion/scripts.ts'
import { required } from '../framework/argument.ts'
import { defineCommand } from '../framework/define-command.ts'
import { UsageError } from '../framework/usage-error.ts'

export const command = defineCommand({
  description: `Prints the script by which a shell completes commands, flags, apps, machines and regions.
bash: source <(kante completion bash) in ~/.bashrc · zsh: the same with zsh in ~/.zshrc, after compinit
fish: kante completion fish > ~/.config/fish/completions/kante.fish`,
  flags: {},
  args: { shell: { ...required(shells.join(', '), 'SHELL'), choices: shells } },
  examples: ['source <(kante completion bash)', 'kante completion fish > ~/.config/fish/completions/kante.fish'],
  run: (ctx, { args }) => {
    const shell = shells.find((each) => each === args.shell)
    if (shell === undefined) throw new UsageError(`completion: found "${args.shell}", allowed is ${shells.join(', ')}`)
    ctx.stdout.write(completionScript(shell))
    return Promise.resolve()
  },
})
