/** `trustmint completion` as it is typed. */
import { Argument, type Command } from 'commander';
import { completionScript, SHELLS, type Shell } from './completion-scripts.ts';
import type { Io } from './io.ts';

export function addCompletion(root: Command, io: Io): void {
  root
    .command('completion')
    .description('Print the completion script of a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText(
      'after',
      `
For this session:  source <(trustmint completion bash)    zsh: the same    fish: trustmint completion fish | source
For good, in bash: trustmint completion bash > ~/.local/share/bash-completion/completions/trustmint
          in zsh:  trustmint completion zsh > "\${fpath[1]}/_trustmint"
          in fish: trustmint completion fish > ~/.config/fish/completions/trustmint.fish`,
    )
    .action((shell: Shell) => void io.stdout.write(completionScript(shell)));
}
