/** Issuers as labels: there are as many as policies name, so that they are capped. */
import type { Gauge } from 'prom-client';
import type { IssuerStatus } from '../../exchange/types.ts';

const MAX_ANCHORS = 100;
const REST = { anchor: 'other', provider: 'other', issuer: 'other' };

type Labelled = Pick<Gauge<'anchor' | 'provider' | 'issuer'>, 'inc' | 'set' | 'reset'>;

/**
 * @param keys of an anchor: how many are usable
 * @param failing 1 where its newest fetch failed
 * @returns sets both. An anchor that has its own series keeps it while it is there: a new one takes a free place alone
 */
export function issuerGauges(keys: Labelled, failing: Labelled): (issuers: readonly IssuerStatus[]) => void {
  let shown = new Set<string>();
  return (issuers) => {
    const ids = issuers.map(({ anchor }) => anchor).sort();
    const kept = ids.filter((id) => shown.has(id));
    const places = ids.filter((id) => !shown.has(id)).slice(0, MAX_ANCHORS - kept.length);
    shown = new Set([...kept, ...places]);
    keys.reset();
    failing.reset();
    for (const { anchor, provider, issuer, keys: count, error } of issuers) {
      const labels = shown.has(anchor) ? { anchor, provider, issuer } : REST;
      keys.inc(labels, count);
      failing.inc(labels, error === null ? 0 : 1);
    }
  };
}
