/** Which TokenRevocations there is something to say of. */
import type { RevocationProblem } from '../../revocation/index.ts';
import type { HeldRevocation } from '../held.ts';
import { WATCHED } from '../kinds.ts';
import { objectOf } from '../status/object.ts';
import type { StatusKind } from '../status/types.ts';
import type { ClusterView } from '../view.ts';
import { syncRevocation } from './sync.ts';

const NONE: readonly RevocationProblem[] = [];

/** What was worked out of one, and from what. */
interface Told {
  readonly one: HeldRevocation;
  readonly found: readonly RevocationProblem[];
  readonly said: string;
}

export function revocationStatus(
  view: Pick<ClusterView, 'copies' | 'snapshot' | 'revocations' | 'revocationProblems'>,
): StatusKind {
  let before = new Map<string, Told>();
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

  /** The same as before, where nothing is new: of ten thousand nearly all. */
  function told(one: HeldRevocation, found: readonly RevocationProblem[], old: Told | undefined): Told {
    if (old?.one === one && old.found === found) return old;
    const { uid, object } = one;
    const said = JSON.stringify([uid, object.metadata.generation, found.map(({ code, path }) => [code, path])]);
    return { one, found, said };
  }

  return {
    type: WATCHED.TokenRevocation,
    keys: () => held().keys(),
    *news() {
      const all = problems();
      if (!all) return;
      const now = new Map<string, Told>();
      const news: string[] = [];
      for (const [key, one] of held()) {
        const old = before.get(key);
        const next = told(one, all.get(key) ?? NONE, old);
        now.set(key, next);
        if (next.said !== old?.said) news.push(key);
      }
      before = now;
      yield* news;
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
