/** `trustmint agent` as it is typed. */
import type { Command } from 'commander';
import { addCluster } from './cluster-flags.ts';
import { gathered } from './flags.ts';
import type { Io } from './io.ts';
import { option } from './option.ts';

export function addAgent(root: Command, io: Io): void {
  const agent = root.command('agent').description('The agents that act for users.');
  withPlace(agent.command('register'))
    .description('Register an agent. Whoever may do this acts as any user.')
    .argument('[name]', 'the agent id; default: a new one')
    .requiredOption('--type <type>', 'what kind of agent it is: the client_id of its tokens')
    .requiredOption('--user <id>', 'the user it acts for')
    .option('--spiffe <domain[/tenant]>', 'it proves itself with an SVID of this trust domain, and tenantId')
    .option('--service-account <namespace/name>', 'it proves itself as this service account')
    .option('--issuer <url>', 'with --service-account: of the cluster whose tokens these are, if it is another')
    .option('--pod <uid>', 'with --service-account: only this pod')
    .option('--scope <scope>', 'its tokens carry no other; may be given again', gathered)
    .option('--expires-at <time>', 'when it ends, RFC 3339')
    .action(async (name, flags) => (await import('./agent.ts')).register(name, flags, io));
  withPlace(agent.command('suspend'))
    .description('Give it nothing more; what it has runs out.')
    .argument('<name>')
    .option('--resume', 'give it tokens again')
    .action(async (name, flags) => (await import('./agent.ts')).suspend(name, flags, io));
  withPlace(agent.command('retire'))
    .description('Take it out of the registry.')
    .argument('<name>')
    .option('--revoke', 'kill what it was given, too')
    .action(async (name, flags) => (await import('./agent.ts')).retire(name, flags, io));
  withPlace(agent.command('list'))
    .description('Print the agents of a registry.')
    .action(async (flags) => (await import('./agent.ts')).list(flags, io));
}

function withPlace(command: Command): Command {
  return addCluster(
    command.addOption(option('--data-dir <dir>', 'of a mint that serves files; without: in the cluster')),
  ).addOption(option('-n, --namespace <name>', 'the agent registry; default: that of the context, or of this pod'));
}
