/** Keeps what its holder gave up, on whichever replica that was, with a client of its own. */
import type { EngineSettings } from '../exchange/index.ts';
import { createTombstones } from '../operator/index.ts';
import type { Replica } from './numbers.ts';

/** Requests a second and at once: anybody who holds tokens may ask, and nothing else waits behind them. */
const GIVEN_UP = { qps: 20, burst: 40 };

export function revocationWriter(
  { clock, log, connect }: Replica,
  { namespace }: { readonly namespace: string },
): NonNullable<EngineSettings['writeRevocation']> {
  const client = connect({ rate: GIVEN_UP });
  const tombstones = createTombstones({ client, namespace, clock, log });
  return async (entry, why) => {
    if ((await tombstones.keep(entry, why)) === 'impossible') throw new Error('there is nowhere to keep it');
  };
}
