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

interface ClaimOfRevocation {
  readonly claim?: Claim;
  readonly problems: readonly RevocationProblem[];
}

const known = new WeakMap<
  HeldRevocation,
  { readonly tenant: string | null | undefined; readonly of: ClaimOfRevocation }
>();

/**
 * The same for the same object and tenant.
 * @param tenant of its namespace; null: any; undefined: none
 */
export function claimOfRevocation(held: HeldRevocation, tenant: string | null | undefined): ClaimOfRevocation {
  const before = known.get(held);
  if (before && before.tenant === tenant) return before.of;
  const { entries, problems } = fromTokenRevocation(held.object, tenant);
  const [entry] = entries;
  const of = entry ? { claim: claimOf(held, entry), problems } : { problems };
  known.set(held, { tenant, of });
  return of;
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
  };
}
