/** What each held object kills: made once, so that of ten thousand only those that are new are looked at. */
import {
  type Claim,
  fromRevokingObjects,
  fromTokenRevocation,
  parseTimestamp,
  type RevocationEntry,
  type RevocationProblem,
  type RevokingObject,
} from '../revocation/index.ts';
import type { HeldRevocation } from './held.ts';
import type { PolicyObject } from './objects.ts';
import { isTombstone } from './tombstones.ts';

const NONE: readonly Claim[] = [];

/** @param killsWhenGone whether all that it gave dies with it (`deletionPolicy: Revoke`) */
export function claimsOfPolicy(
  { kind, metadata }: PolicyObject,
  revoking: RevokingObject,
  killsWhenGone: boolean,
): readonly Claim[] {
  const standing = fromRevokingObjects([revoking]).entries;
  const gone = killsWhenGone ? fromRevokingObjects([{ ...revoking, revoked: true }]).entries : [];
  if (standing.length + gone.length === 0) return NONE;
  const { uid = '', namespace, name, generation = 0 } = metadata;
  const of = { kind, uid, name, generation, ...(namespace !== undefined && { namespace }) };
  return [
    ...standing.map((entry) => ({ ...of, entry, standing: true })),
    ...gone.map((entry) => ({ ...of, entry, standing: false })),
  ];
}

/** null: any; undefined: none. */
type Tenant = string | null | undefined;

/** How many are remembered in vain at least before they are forgotten. */
const SLACK = 1_000;

interface ClaimOfRevocation {
  readonly claim?: Claim;
  readonly problems: readonly RevocationProblem[];
}

/**
 * The claims of TokenRevocations, the same for the same content and tenant: neither a status that is written nor a list
 * that is read anew makes another one.
 */
export class RevocationClaims {
  readonly #known = new Map<
    string,
    { readonly content: string; readonly tenant: Tenant; readonly of: ClaimOfRevocation }
  >();

  /** @param tenant of its namespace */
  of(held: HeldRevocation, tenant: Tenant): ClaimOfRevocation {
    const before = this.#known.get(held.uid);
    if (before && before.tenant === tenant && before.content === held.content) return before.of;
    const { entries, problems } = fromTokenRevocation(held.object, tenant);
    const [entry] = entries;
    const of = entry ? { claim: claimOf(held, entry), problems } : { problems };
    this.#known.set(held.uid, { content: held.content, tenant, of });
    return of;
  }

  /** Forgets, now and then, what is there no more. */
  retain(all: ReadonlyMap<string, HeldRevocation>): void {
    if (this.#known.size <= 2 * all.size + SLACK) return;
    const uids = new Set([...all.values()].map(({ uid }) => uid));
    for (const uid of this.#known.keys()) if (!uids.has(uid)) this.#known.delete(uid);
  }
}

function claimOf({ uid, object }: HeldRevocation, entry: RevocationEntry): Claim {
  const { namespace, name, generation = 0, creationTimestamp = '' } = object.metadata;
  const created = parseTimestamp(creationTimestamp);
  return {
    kind: 'TokenRevocation',
    uid,
    name,
    generation,
    ...(namespace !== undefined && { namespace }),
    ...(created !== undefined && { created }),
    entry,
    standing: true,
    ...(!isTombstone(name) && { byPerson: true as const }),
  };
}
