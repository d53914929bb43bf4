/** What `/readyz` says, and how far the process is from its limits, as numbers: for alerts. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { Gauge, type Registry } from 'prom-client';
import type { HealthCheck, Vitals } from '../exchange/types.ts';

/** @returns what sets them, for each scrape */
export function createHealthGauges(
  registers: Registry[],
): (checks: readonly HealthCheck[], vitals: Pick<Vitals, 'ownKeyRotateSeconds'>) => void {
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge<Label>({ name, help, labelNames, registers });
  const ready = gauge('trustmint_ready', '1 while this check of /readyz holds.', 'check');
  const warns = gauge('trustmint_ready_warning', '1 while this check holds and /readyz warns of it.', 'check');
  const rotation = gauge('trustmint_own_key_rotate_seconds', 'Seconds for which one of our own keys is to sign.');
  // Standalone engines need not know it: 0 would be an alert.
  rotation.remove();
  gauge('trustmint_heap_limit_bytes', 'Size of the JavaScript heap at which the process ends.').set(
    getHeapStatistics().heap_size_limit,
  );
  const memory = gauge('trustmint_memory_limit_bytes', "The container's memory limit; no value where there is none.");
  memory.remove();
  const limit = process.constrainedMemory();
  if (limit > 0 && limit < totalmem()) memory.set(limit);
  return (checks, { ownKeyRotateSeconds }) => {
    for (const { name, ok, message } of checks) {
      ready.set({ check: name }, ok ? 1 : 0);
      warns.set({ check: name }, ok && message ? 1 : 0);
    }
    if (ownKeyRotateSeconds !== undefined) rotation.set(ownKeyRotateSeconds);
  };
}
