/** `trustmint uninstall` as it is typed. */
import type { Command } from 'commander';
import { addCluster } from './cluster-flags.ts';
import { durationSeconds, namespaceNames } from './flags.ts';
import type { Io } from './io.ts';
import { option } from './option.ts';

const TWO_MINUTES = 120;

export function addUninstall(root: Command, io: Io): void {
  addCluster(
    root
      .command('uninstall')
      .description(
        'Stop the operator and take its finalizer off whatever has it, so that nothing waits for it. The chart does so by itself.',
      ),
  )
    .addOption(option('-n, --namespace <name>', "the operator's own; default: that of the context, or of this pod"))
    .option('--deployment <name>', "the operator's", 'trustmint')
    .option('--delete-objects', 'first delete every object of ours, each with its last record; then the keys too')
    .addOption(
      option('--watch-namespaces <names>', "as the operator's: only there, separated by commas", namespaceNames),
    )
    .option('--timeout <duration>', 'how long to wait for what others do', durationSeconds, TWO_MINUTES)
    .action(async (flags) => (await import('./uninstall.ts')).uninstall(flags, io));
}
