/** `trustmint exchange` as it is typed. */
import type { Command } from 'commander';
import { credentialUrl, durationSeconds, gathered, once, tokenLife } from './flags.ts';
import type { Io } from './io.ts';
import { option } from './option.ts';

export function addExchange(root: Command, io: Io): void {
  root
    .command('exchange')
    .description("Exchange a workload's own token for one of the mint's.")
    .addOption(option('--url <url>', 'the mint', credentialUrl).makeOptionMandatory())
    .addOption(option('--proof-file <file>', "the workload's token; - for standard input").makeOptionMandatory())
    .addOption(option('--ca-file <file>', "the CA of the mint's certificate; default: the public ones"))
    .option('--resource <name>', 'what the token is for: name or URI of a ProtectedResource', once)
    .option('--scope <scope>', 'ask for no other scopes; may be given again', gathered)
    .option('--ttl <duration>', 'ask for a shorter life', tokenLife)
    .option('--out <file>', 'write the token there, for nobody else to read')
    .option('--inspect', 'print what the token says, and not the token')
    .option('--wait <duration>', 'try again for so long while that may help', durationSeconds)
    .action(async (flags) => (await import('./exchange.ts')).exchange(flags, io));
}
