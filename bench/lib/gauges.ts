/** What a replica says of itself at /metrics. */
export interface Gauges {
  readonly rssMiB: number;
  readonly heapMiB: number;
  /** The heap with what of it is free, and what is held outside it. */
  readonly heapTotalMiB: number;
  readonly externalMiB: number;
  /** Milliseconds: the event loop's longest pause since /metrics was last read. */
  readonly lagMs: number;
  readonly rules: number;
}

const MIB = 2 ** 20;

/** @param ops base URL of the ops listener. @throws Error if a gauge is not there */
export async function readGauges(ops: string): Promise<Gauges> {
  const text = await (await fetch(`${ops}/metrics`)).text();
  const value = (name: string) => {
    const found = text.split('\n').find((line) => line.startsWith(`${name} `));
    if (found === undefined) throw new Error(`/metrics has no ${name}`);
    return Number(found.slice(name.length + 1));
  };
  return {
    rssMiB: value('process_resident_memory_bytes') / MIB,
    heapMiB: value('nodejs_heap_size_used_bytes') / MIB,
    heapTotalMiB: value('nodejs_heap_size_total_bytes') / MIB,
    externalMiB: value('nodejs_external_memory_bytes') / MIB,
    lagMs: value('nodejs_eventloop_lag_max_seconds') * 1000,
    rules: value('trustmint_index_rules'),
  };
}
