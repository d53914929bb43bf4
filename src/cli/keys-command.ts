/** `trustmint keys` as it is typed. */
import { type Command, Option } from 'commander';
import { addCluster } from './cluster-flags.ts';
import { tokenLife } from './flags.ts';
import type { Io } from './io.ts';
import { option } from './option.ts';

export function addKeys(root: Command, io: Io): void {
  const keys = root.command('keys').description("The mint's own keys.");
  withPlace(keys.command('list'))
    .description('Print the keys and their states; never the keys themselves.')
    .action(async (flags) => (await import('./keys.ts')).listKeys(flags, io));
  withPlace(keys.command('rotate'))
    .description('Publish a next key; it signs once verifiers have had an hour to learn of it.')
    .addOption(option('--max-ttl <duration>', 'with --data-dir: as the mint has it', tokenLife).default(86_400, '24h'))
    .addOption(
      new Option(
        '--now',
        'let it sign as soon as every replica has it: verifiers that cache keys refuse its tokens until they ask again',
      ),
    )
    .action(async (flags) => (await import('./keys.ts')).rotateKeys(flags, io));
}

function withPlace(command: Command): Command {
  return addCluster(
    command.addOption(option('--data-dir <dir>', 'of a mint that serves files; without: in the cluster')),
  ).addOption(option('-n, --namespace <name>', "the operator's own; default: that of the context, or of this pod"));
}
