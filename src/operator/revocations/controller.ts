/** Which TokenRevocations there is something to say of. */
import type { RevocationProblem } from '../../revocation/index.ts';
import type { HeldRevocation } from '../held.ts';
import { WATCHED } from '../kinds.ts';
import { objectOf } from '../status/object.ts';
import type { StatusKind } from '../status/types.ts';
import type { ClusterView } from '../view.ts';
import { syncRevocation } from './sync.ts';

const NONE: readonly RevocationProblem[] = [];

export function revocationStatus(
  view: Pick<ClusterView, 'copies' | 'snapshot' | 'revocations' | 'revocationProblems'>,
): StatusKind {
  let before = new Map<string, string>();
  let grouped: { readonly from: unknown; readonly problems: Map<string, RevocationProblem[]> } | undefined;
  const held = () => view.copies.revocations.items();

  /** By `namespace/name`; undefined while nothing is served. */
  function problems(): ReadonlyMap<string, readonly RevocationProblem[]> | undefined {
    // Brings up what is new.
    view.revocations();
    if (!view.snapshot()) return undefined;
    const from = view.revocationProblems();
    if (grouped?.from === from) return grouped.problems;
    const found = Map.groupBy(from, ({ source }) => source.slice('TokenRevocation/'.length));
    grouped = { from, problems: found };
    return found;
  }

  const fingerprint = ({ uid, object }: HeldRevocation, found: readonly RevocationProblem[]) =>
    JSON.stringify([uid, object.metadata.generation, found.map(({ code, path }) => [code, path])]);

  return {
    type: WATCHED.TokenRevocation,
    keys: () => held().keys(),
    *news() {
      const all = problems();
      if (!all) return;
      const now = new Map<string, string>();
      for (const [key, one] of held()) now.set(key, fingerprint(one, all.get(key) ?? NONE));
      const news = [...now].filter(([key, said]) => before.get(key) !== said);
      before = now;
      for (const [key] of news) yield key;
    },
    forget() {
      before = new Map();
    },
    sync(key, now) {
      const all = problems();
      const one = held().get(key);
      if (!all || !one) return undefined;
      return {
        object: objectOf(one, one.object),
        ...syncRevocation(one.object.metadata.generation, all.get(key) ?? NONE, one.status, now),
      };
    },
  };
}
