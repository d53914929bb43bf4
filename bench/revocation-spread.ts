/** From the API server's answer to a revocation until the first refusal: in each replica, and in an offline verifier. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../src/kube/types.ts';
import { type Cluster, type Operator, OWN_ISSUER } from '../test/e2e/cluster/index.ts';
import { account, proofOf, TRUST_POLICIES } from '../test/e2e/serve-support.ts';
import { ask } from '../test/e2e/soak/ask.ts';
import { type TokenRequests, tokenRequests } from '../test/e2e/soak/token-request.ts';
import { AUDIENCE, BENCH } from './lib/cluster-objects.ts';
import { startGateway } from './lib/offline.ts';
import { each, guarded, RESOURCE, TOKEN_REVOCATIONS, victim } from './lib/revocations.ts';
import { type Watcher, watchBare } from './lib/watcher.ts';
import { KINDS, type Kind, type Victim } from './revocation-kinds.ts';

/** Milliseconds between an answer and the next question to the same replica. */
const PAUSE = 2;
const GIVE_UP = 30_000;
const SERVED_WITHIN = 60_000;

/** Milliseconds after the API server's answer; what was known before it counts as 0. */
export interface Times {
  readonly kind: string;
  readonly replicas: readonly number[];
  /** Absent where no token dies. */
  readonly offline?: number;
  /** When a bare watch of the same collection had the event. */
  readonly watch: number;
}

export interface RevocationSpread {
  readonly times: readonly Times[];
  /** Seconds between two polls of the verifier. */
  readonly interval: number;
}

export interface SpreadSettings {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  readonly replicas: readonly Operator[];
  readonly rounds: number;
  /** Seconds between two polls of the verifier. */
  readonly interval: number;
}

export async function measureRevocations(settings: SpreadSettings): Promise<RevocationSpread> {
  const { cluster, admin, replicas, rounds, interval } = settings;
  await cluster.apply([account(BENCH, 'gateway'), guarded]);
  const bearer = await proofOf(cluster, BENCH, 'gateway', OWN_ISSUER);
  const kinds = Array.from({ length: rounds }, (_, i) => KINDS[i % KINDS.length] as Kind);
  const tokens = tokenRequests(cluster);
  const victims = await prepare(admin, replicas, kinds, tokens).finally(() => tokens.close());

  const watchers = {
    trustpolicies: await watchBare(admin, TRUST_POLICIES),
    tokenrevocations: await watchBare(admin, TOKEN_REVOCATIONS),
  };
  const mints = replicas.map(({ url }) => url);
  const offline = await startGateway({ mints, resource: RESOURCE, bearer, interval, dir: cluster.dir });
  const rounds_: Promise<Times>[] = [];
  try {
    for (const [i, kind] of kinds.entries()) {
      const one = victims[i] as Victim;
      // Not in step with anything, and each write on its own.
      await sleep(50 + Math.random() * 100);
      const refused = replicas.map(({ url }) => (kind.kills ? untilDead(url, one, bearer) : untilRefused(url, one)));
      const inReplicas = Promise.all(refused);
      inReplicas.catch(() => {});
      const inVerifier = kind.kills ? offline.refused(one.token) : undefined;
      inVerifier?.catch(() => {});
      const written = await kind.write(admin, one);
      const answered = performance.now();
      const after = (at: number) => Math.max(0, at - answered);
      const watcher: Watcher = watchers[written.collection];
      const [at, watch] = await Promise.all([inReplicas, watcher.seen(written.name, written.resourceVersion)]);
      const known = { kind: kind.name, replicas: at.map(after), watch: after(watch) };
      // The verifier's poll is not waited for before the next one.
      rounds_.push(
        inVerifier ? inVerifier.then((seen) => ({ ...known, offline: after(seen) })) : Promise.resolve(known),
      );
    }
    return { times: await Promise.all(rounds_), interval };
  } finally {
    await offline.close();
    for (const watcher of Object.values(watchers)) watcher.close();
  }
}

/** A policy and an account for each round, and a token of each. */
async function prepare(
  admin: KubeClient,
  replicas: readonly Operator[],
  kinds: readonly Kind[],
  tokens: TokenRequests,
): Promise<Victim[]> {
  const victims: Victim[] = [];
  const accounts = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };
  await each(kinds.length, async (i) => {
    const name = `victim-${i}`;
    await admin.create(accounts, account(BENCH, name), BENCH);
    const proof = await tokens.token(BENCH, name, AUDIENCE);
    const { metadata } = await admin.create(TRUST_POLICIES, victim(name, kinds[i]?.spec ?? {}), BENCH);
    victims[i] = { name, uid: metadata.uid, proof, token: '' };
  });
  const deadline = performance.now() + SERVED_WITHIN;
  const body = (proof: string) => ({ credentials: proof, resource: RESOURCE });
  for (const [i, one] of victims.entries()) {
    for (const { url } of replicas) {
      let answer = await ask({ url, path: '/api/mint/exchange', body: body(one.proof) });
      while (answer.status !== 200 && performance.now() < deadline) {
        await sleep(100);
        answer = await ask({ url, path: '/api/mint/exchange', body: body(one.proof) });
      }
      if (answer.status !== 200) throw new Error(`${one.name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      victims[i] = { ...one, token: answer.body.token as string };
    }
  }
  return victims;
}

/** @returns when the first answer that the token is revoked was there */
async function untilDead(url: string, { token }: Victim, bearer: string): Promise<number> {
  const body = { token, resource: RESOURCE, call: {} };
  return await until(async () => {
    const answer = await ask({ url, path: '/api/mint/verify', body, bearer });
    if (answer.status !== 200) throw new Error(`verify is answered with ${answer.status}`);
    if (answer.body.active === true) return undefined;
    if (answer.body.reason !== 'revoked') throw new Error(`dead for another reason: ${JSON.stringify(answer.body)}`);
    return answer.at;
  });
}

/** @returns when the first refusal was there */
async function untilRefused(url: string, { proof }: Victim): Promise<number> {
  return await until(async () => {
    const body = { credentials: proof, resource: RESOURCE };
    const answer = await ask({ url, path: '/api/mint/exchange', body });
    if (answer.status !== 200 && answer.status !== 403) throw new Error(`an exchange is answered ${answer.status}`);
    return answer.status === 403 ? answer.at : undefined;
  });
}

async function until(look: () => Promise<number | undefined>): Promise<number> {
  const deadline = performance.now() + GIVE_UP;
  while (performance.now() < deadline) {
    const at = await look();
    if (at !== undefined) return at;
    await sleep(PAUSE);
  }
  throw new Error(`no refusal within ${GIVE_UP / 1000} s`);
}
