/** What each held object kills: made once, so that of ten thousand only those that are new are looked at. */
import {
  type Claim,
  fromRevokingObjects,
  fromTokenRevocation,
  parseTimestamp,
  type RevocationEntry,
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

const ofEntries = new WeakMap<RevocationEntry, Claim>();

/** @param tenant of its namespace; null: any; undefined: none */
export function claimOfRevocation({ uid, object }: HeldRevocation, tenant: string | null | undefined) {
  const { entries, problems } = fromTokenRevocation(object, tenant);
  const [entry] = entries;
  if (!entry) return { problems };
  const known = ofEntries.get(entry);
  if (known) return { claim: known, problems };
  const { namespace, name, generation = 0, creationTimestamp = '' } = object.metadata;
  const created = parseTimestamp(creationTimestamp);
  const claim: Claim = {
    kind: 'TokenRevocation',
    uid,
    name,
    generation,
    ...(namespace !== undefined && { namespace }),
    ...(created !== undefined && { created }),
    entry,
    standing: true,
  };
  ofEntries.set(entry, claim);
  return { claim, problems };
}
