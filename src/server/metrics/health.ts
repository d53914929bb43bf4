/** What `/readyz` says, and how far the process is from its limits, as numbers: for alerts. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Registry } from 'prom-client';
import type { HealthCheck, Vitals } from '../../exchange/types.ts';
import { HEALTH, REVOCATION_AND_KEYS } from './serving-table.ts';
import { Instruments } from './table.ts';

/** @returns what sets them, for each scrape */
export function createHealthGauges(
  registry: Registry,
): (checks: readonly HealthCheck[], vitals: Pick<Vitals, 'ownKeyRotateSeconds'>) => void {
  const health = new Instruments(HEALTH, registry);
  const ready = health.gauge('trustmint_ready');
  const warns = health.gauge('trustmint_ready_warning');
  const rotation = new Instruments(REVOCATION_AND_KEYS, registry).gauge('trustmint_own_key_rotate_seconds');
  // Standalone engines need not know it: 0 would be an alert.
  rotation.remove();
  health.gauge('trustmint_heap_limit_bytes').set(getHeapStatistics().heap_size_limit);
  const memory = health.gauge('trustmint_memory_limit_bytes');
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
