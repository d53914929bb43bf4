/** Public keys that policies keep in ConfigMaps of the operator's namespace: followed, so that what goes is gone at once. */
import type { Clock } from '../clock.ts';
import type { HealthCheck } from '../exchange/index.ts';
import { createReflector, type KubeLog } from '../kube/index.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import { type ConfigMapKeys, isJwkSet } from '../proof/index.ts';
import { member, printable, statusOf, text } from './errors.ts';
import { CONFIG_MAPS } from './kinds.ts';
import { tallyOf, type WatchTally } from './tallies.ts';

export interface ConfigMapsSettings {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  /** The operator's own: no other is looked into. */
  readonly namespace: string;
  readonly log?: KubeLog;
  /** What one of them holds is not what it was, or it is known for the first time. */
  readonly onChange: (name: string) => void;
}

/** Why a reference leads to no keys. */
export interface RefFault {
  readonly code: 'ConfigMapNotFound' | 'ConfigMapKeyNotFound' | 'NotAJWKSet';
  readonly message: string;
}

export interface ConfigMaps extends ConfigMapKeys {
  start(): void;
  stop(): Promise<void>;
  /** Undefined where nothing is wrong, or nothing is known yet. What was known goes on being so while it cannot be read. */
  faultOf(name: string, key: string): RefFault | undefined;
  /** Never fails: what is known goes on being served, and what is not is asked for. */
  check(): HealthCheck;
  tally(): WatchTally;
}

/** Milliseconds without a sign of life after which one is asked for instead. */
const FRESH = 120_000;
/** Characters; that is what a JWK Set from a URL may have. */
const MAX_SET = 256 * 1024;

/** By key of `data`: the text where it is a JWK Set, else '' — of what others keep there nothing is kept here. */
interface Held {
  readonly name: string;
  readonly sets: Readonly<Record<string, string>>;
}

export function createConfigMaps(settings: ConfigMapsSettings): ConfigMaps {
  const { client, clock, random, namespace, log, onChange } = settings;
  const reflector = createReflector<Held>({
    client,
    clock,
    random,
    namespace,
    type: CONFIG_MAPS,
    project: hold,
    ...(log && { log }),
    onChange(changes) {
      for (const change of changes) {
        const same = change.type === 'modified' && JSON.stringify(change.old.sets) === JSON.stringify(change.new.sets);
        if (!same) onChange(change.type === 'deleted' ? change.old.name : change.new.name);
      }
    },
  });
  const held = (name: string) => reflector.items().get(`${namespace}/${name}`);

  return {
    start: () => reflector.start(),
    stop: () => reflector.stop(),
    tally: () => ({ kind: 'ConfigMap', ...tallyOf(reflector) }),
    async read(name, key, signal) {
      if (reflector.synced && reflector.ageMs() < FRESH) return text(held(name)?.sets, key);
      try {
        return text(member(await client.get(CONFIG_MAPS, name, namespace, { signal }), 'data'), key);
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    },
    faultOf(name, key) {
      if (!reflector.synced) return undefined;
      const found = held(name);
      const shown = `ConfigMap ${printable(namespace)}/${printable(name)}`;
      if (!found) return { code: 'ConfigMapNotFound', message: `there is no ${shown}` };
      const set = text(found.sets, key);
      if (set === undefined) return { code: 'ConfigMapKeyNotFound', message: `${shown} has no key ${printable(key)}` };
      if (set === '')
        return { code: 'NotAJWKSet', message: `${printable(key)} of ${shown} is no JWK Set (RFC 7517 §5)` };
      return undefined;
    },
    check() {
      const { phase, reason, lastError } = reflector.status();
      const failing = reason !== undefined && phase !== 'watching';
      const why = reason === 'rbac_missing' ? 'RBAC missing: may not list and watch configmaps here' : lastError;
      return { name: 'configmaps', ok: true, ...(failing && { message: why ?? reason }) };
    },
  };
}

function hold(raw: KubeObject): Held {
  const data = member(raw, 'data');
  const entries = typeof data === 'object' && data !== null ? Object.entries(data) : [];
  const sets = entries.map(([key, value]) => [key, isSet(value) ? value : '']);
  return { name: raw.metadata.name, sets: Object.fromEntries(sets) };
}

const isSet = (value: unknown): boolean => typeof value === 'string' && value.length <= MAX_SET && isJwkSet(value);
