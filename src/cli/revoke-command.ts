/** `trustmint revoke` as it is typed. */
import type { Command } from 'commander';
import { addCluster } from './cluster-flags.ts';
import { atLeastADay } from './flags.ts';
import type { Io } from './io.ts';
import { option } from './option.ts';

export function addRevoke(root: Command, io: Io): void {
  addCluster(
    root
      .command('revoke')
      .description('Declare tokens dead; the serving mint sees it at once.')
      .addOption(option('--data-dir <dir>', 'of a mint that serves files; without: in the cluster')),
  )
    .addOption(option('-n, --namespace <name>', "whose tenant's tokens; in the operator's own: any tenant's"))
    .option('--output <format>', 'yaml: print the manifest and create nothing')
    .option('--token <jti>', 'one token, by its jti')
    .option('--derived-from <file>', 'the macaroon of a file (- for standard input) and all appended to it')
    .option('--grant <gid>', 'every token of a grant')
    .option('--agent <uid>', 'every token of a registered agent')
    .option('--policy <uid>', 'every token of a policy; in a cluster also tpol/NAMESPACE/NAME or ctpol/NAME')
    .option('--issued-before <time>', 'only those issued up to this time, RFC 3339')
    .option('--expires <duration>', 'how long to remember it; at least 24h', atLeastADay)
    .option('--reason <text>', 'why, for people')
    .action(async (flags) => (await import('./revoke.ts')).revoke(flags, io));
}
