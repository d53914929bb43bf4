/** Which cluster a person's command speaks to, by the names that kubectl has for it. */
import type { Command } from 'commander';
import { option } from './option.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

/** Adds `--kubeconfig` and `--context`. */
export function addCluster(command: Command): Command {
  return command
    .addOption(option('--kubeconfig <file>', 'the cluster; default: as kubectl finds it, or that of this pod'))
    .addOption(option('--context <name>', 'of the kubeconfig; default: its current one'));
}
