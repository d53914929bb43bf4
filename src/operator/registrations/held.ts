/** What the local copy keeps of a registration: little, for there may be a million. */
import { agentRegistrationSpec } from '../../api/v1alpha1/index.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type Agent, type AgentTraits, agentFace, agentKey, TraitsPool } from '../../policy/index.ts';
import type { Problem } from '../../policy/types.ts';
import { type Claim, fromRevokingObjects, parseTimestamp, type RevokingObject } from '../../revocation/index.ts';
import { FINALIZER } from '../deletion/finalizer.ts';
import { member, printable, text } from '../errors.ts';
import { contentOf, killsWhenGone } from '../objects.ts';
import { digestOf, saidBy } from './digest.ts';

export interface HeldRegistration extends Agent {
  readonly resourceVersion: string;
  readonly generation: number;
  readonly finalizers: readonly string[];
  /** A digest of what decides what is served. */
  readonly content: number;
  /** A digest of what its status says, but for times. */
  readonly said: number;
  /** Hours since the epoch of `status.lastSeen`; 0: there is none. */
  readonly seenHour: number;
  readonly rare: Rare | undefined;
}

/** What few have. */
export interface Rare {
  readonly deletionTimestamp?: string;
  /** Why it cannot be read: then it is no agent. */
  readonly fault?: Problem;
  readonly revoking?: RevokingObject;
  readonly claims: readonly Claim[];
  /** NumericDate seconds. */
  readonly revokedAt?: number;
}

const HOUR = 3_600_000;
const NO_FINALIZER: readonly string[] = Object.freeze([]);
const OURS: readonly string[] = Object.freeze([FINALIZER]);
const NO_CLAIMS: readonly Claim[] = Object.freeze([]);
const KIND = 'AgentRegistration';

interface Fields extends Omit<HeldRegistration, 'name' | 'key' | 'resourceVersion'> {
  /** `namespace/name`: the very string that the copy has it by. */
  readonly at: string;
  readonly account: string | undefined;
  readonly version: number | string;
}

/** As few strings as can be. */
class Held implements HeldRegistration {
  readonly at: string;
  readonly uid: string;
  readonly userId: string;
  readonly traits: AgentTraits;
  readonly account: string | undefined;
  readonly expiresAt: number | undefined;
  readonly version: number | string;
  readonly generation: number;
  readonly finalizers: readonly string[];
  readonly content: number;
  readonly said: number;
  readonly seenHour: number;
  readonly rare: Rare | undefined;

  constructor(fields: Fields) {
    this.at = fields.at;
    this.uid = fields.uid;
    this.userId = fields.userId;
    this.traits = fields.traits;
    this.account = fields.account;
    this.expiresAt = fields.expiresAt;
    this.version = fields.version;
    this.generation = fields.generation;
    this.finalizers = fields.finalizers;
    this.content = fields.content;
    this.said = fields.said;
    this.seenHour = fields.seenHour;
    this.rare = fields.rare;
  }

  get name(): string {
    return this.at.slice(this.at.indexOf('/') + 1);
  }

  get key(): string {
    return agentKey(this, this.name);
  }

  get resourceVersion(): string {
    return String(this.version);
  }
}

/** Reads registrations as they come; what they have in common is held once. */
export function registrationHolder(): (raw: KubeObject, key?: string) => HeldRegistration {
  const pool = new TraitsPool();
  return (raw, key) => {
    const { uid, name, namespace = '', resourceVersion, generation = 0 } = raw.metadata;
    const at = key ?? `${namespace}/${name}`;
    const parsed = agentRegistrationSpec.safeParse(raw.spec ?? {});
    const ends = parsed.success ? parsed.data.expiresAt : undefined;
    const expiresAt = ends === undefined ? undefined : parseTimestamp(ends);
    const isReadable = parsed.success && (ends === undefined || expiresAt !== undefined);
    const face = isReadable
      ? agentFace(namespace, parsed.data, pool)
      : { traits: noTraits(namespace), account: undefined };
    const seen = Date.parse(text(raw.status, 'lastSeen') ?? '');
    const [issue] = parsed.error?.issues ?? [];
    const path = issue
      ? ['spec', ...issue.path].map((part) => printable(String(part), 64)).join('.')
      : 'spec.expiresAt';
    const fault = isReadable ? undefined : malformed(path, issue?.message ?? 'there is no such time');
    return new Held({
      at,
      uid,
      userId: isReadable ? parsed.data.userId : '',
      traits: face.traits,
      account: face.account,
      expiresAt,
      version: /^[1-9][0-9]{0,8}$/.test(resourceVersion) ? Number(resourceVersion) : resourceVersion,
      generation,
      finalizers: finalizersOf(raw),
      content: digestOf(contentOf(raw)),
      said: saidBy(raw.status),
      seenHour: Number.isNaN(seen) ? 0 : Math.floor(seen / HOUR),
      rare: rareOf(raw, fault),
    });
  };
}

/** Whether it can be an agent at all. */
export function isAgent({ rare }: HeldRegistration): boolean {
  return rare?.fault === undefined && rare?.deletionTimestamp === undefined;
}

export function claimsOf({ rare }: HeldRegistration): readonly Claim[] {
  return rare?.claims ?? NO_CLAIMS;
}

/** As the copy names it. */
export function keyOf({ traits, name }: Pick<Agent, 'traits' | 'name'>): string {
  return `${traits.namespace}/${name}`;
}

function noTraits(namespace: string): AgentTraits {
  return { namespace, agentType: '', state: 'Active' };
}

function malformed(path: string, message: string): Problem {
  return {
    code: 'Malformed',
    severity: 'error',
    path,
    message: `${printable(message)}: this version of Trustmint cannot read the object`,
  };
}

function finalizersOf({ metadata }: KubeObject): readonly string[] {
  const { finalizers = NO_FINALIZER } = metadata;
  if (finalizers.length === 0) return NO_FINALIZER;
  return finalizers.length === 1 && finalizers[0] === FINALIZER ? OURS : [...finalizers];
}

function rareOf(raw: KubeObject, fault: Problem | undefined): Rare | undefined {
  const { uid, name, namespace, generation = 0, deletionTimestamp } = raw.metadata;
  const before = member(raw.spec, 'revokeIssuedBefore');
  const isRevoked = text(raw.spec, 'state') === 'Revoked';
  const kills = killsWhenGone(raw);
  const says = isRevoked || (before !== undefined && before !== null);
  if (!says && !kills && deletionTimestamp === undefined && !fault) return undefined;
  // Read without the schema: what a malformed one gave is dead all the same. The uid names one object, of one tenant.
  const revoking = {
    uid,
    revoked: isRevoked || (deletionTimestamp !== undefined && kills),
    ...(before !== undefined && before !== null && { revokeIssuedBefore: String(before) }),
    tenant: null,
    source: `${KIND}/${namespace ?? '-'}/${name}`,
  };
  const of = { kind: KIND, uid, name, generation, ...(namespace !== undefined && { namespace }) };
  const standing = fromRevokingObjects([revoking], 'agent').entries;
  const gone = kills ? fromRevokingObjects([{ ...revoking, revoked: true }], 'agent').entries : [];
  const revokedAt = parseTimestamp(text(raw.status, 'revokedAt') ?? '');
  return {
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(fault && { fault }),
    revoking,
    claims: [
      ...standing.map((entry) => ({ ...of, entry, standing: true })),
      ...gone.map((entry) => ({ ...of, entry, standing: false })),
    ],
    ...(revokedAt !== undefined && { revokedAt }),
  };
}
