/** `trustmint token` as it is typed. */
import type { Command } from 'commander';
import { gathered, mintUrl, wholeNumber } from './flags.ts';
import type { Io } from './io.ts';
import { option } from './option.ts';

export function addToken(root: Command, io: Io): void {
  const token = root
    .command('token')
    .description(
      'Look into tokens, verify and narrow them. Tokens are read from a file or standard input, never from the command line.',
    );
  token
    .command('inspect')
    .description('Print what a macaroon or a JWT says. Nothing is verified.')
    .argument('[file]', 'the token; - for standard input', '-')
    .option('--json', 'as JSON')
    .action(async (file: string, flags) => (await import('./token.ts')).inspectToken(file, flags, io));
  token
    .command('verify')
    .description('Verify a macaroon with the keys of a file, or any token by asking the mint.')
    .argument('[file]', 'the token; - for standard input', '-')
    .requiredOption('--resource <name>', 'the audience it must be for (with --url: or the resource)')
    .option('--keys <file>', 'the answer of /api/mint/keys')
    .addOption(option('--url <url>', 'the mint to ask', mintUrl))
    .addOption(option('--verifier-token-file <file>', 'bearer token for the mint'))
    .addOption(option('--ca-file <file>', "with --url: the CA of the mint's certificate; default: the public ones"))
    .option('--scope <scope>', 'the scope of the call')
    .option('--tool <name>', 'the tool called')
    .option('--method <name>', 'the method called')
    .option('--path <path>', 'the path called')
    .option('--cost <credits>', 'what the call costs', wholeNumber)
    .action(async (file: string, flags) => (await import('./token.ts')).verifyToken(file, flags, io));
  token
    .command('attenuate')
    .description('Append caveats to a macaroon, offline: the result can do less.')
    .argument('[file]', 'the token; - for standard input', '-')
    .requiredOption('--caveat <caveat>', 'as "scope = read" or "budget_credits <= 10"; may be given again', gathered)
    .action(async (file: string, flags) => (await import('./token.ts')).attenuateToken(file, flags, io));
}
