/** What happens to the Secret of the keys and to the Lease, and rotations. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject, ResourceType } from '../../../src/kube/types.ts';
import { KEYS_CREATED, KEYS_SECRET, LEASE } from '../../../src/operator/key-secret.ts';
import { OPERATOR } from '../cluster/index.ts';
import type { Chance } from './random.ts';
import type { Soak } from './soak-types.ts';
import { found, insist } from './write.ts';

const SECRETS: ResourceType = { group: '', version: 'v1', plural: 'secrets', namespaced: true };
const LEASES: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', namespaced: true };
const MAIN = join(import.meta.dirname, '../../../src/main.ts');
/**
 * Milliseconds in which a leader, or the next one, has put back what was damaged: it looks every 10 s, and every fault
 * may cost a Lease's 15 s and a replica's way back.
 */
const RESTORED = 180_000;
const NONSENSE = ['', 'not JSON', '{}', '{"version":1,"keys":[]}'];

type Background = (work: Promise<unknown>) => void;

export class KeyFaults {
  /** Keys there may have been. */
  allowed = 1;
  /** What only replicas remember, until it is stored again: one of them may be killed meanwhile, no more. */
  #pending: { kills: number } | undefined;

  get pending(): boolean {
    return this.#pending !== undefined;
  }

  /** Whether a replica may be killed now; it counts as killed. */
  mayKill(): boolean {
    if (!this.#pending) return true;
    this.#pending.kills += 1;
    return this.#pending.kills <= 1;
  }

  damage(soak: Soak, chance: Chance, background: Background): boolean {
    if (this.#pending) return false;
    const nonsense = chance.is(0.35) ? undefined : chance.of(NONSENSE);
    background(
      this.#during(async () => {
        const { admin, tally } = soak;
        const before = await kidsOf(soak);
        const began = performance.now();
        await insist(async () => {
          if (nonsense === undefined) await admin.delete(SECRETS, KEYS_SECRET, OPERATOR.namespace);
          else {
            const data = { 'keys.json': Buffer.from(nonsense).toString('base64') };
            await admin.patch(SECRETS, KEYS_SECRET, OPERATOR.namespace, 'merge', { data });
          }
        });
        const what = nonsense === undefined ? 'deleted' : `made ${JSON.stringify(nonsense)}`;
        const isBack = async () => {
          const now = await kidsOf(soak);
          return before.length > 0 && before.every((kid) => now.includes(kid));
        };
        if (await within(RESTORED, isBack)) tally.took('the keys are back after', performance.now() - began);
        else tally.violate(`the keys are not back: their Secret was ${what}`, []);
      }),
    );
    return true;
  }

  deleteLease(soak: Soak, background: Background): boolean {
    if (this.#pending) return false;
    background(
      this.#during(async () => {
        const { admin, tally } = soak;
        const began = performance.now();
        await insist(() => admin.delete(LEASES, LEASE, OPERATOR.namespace));
        const isBack = async () => {
          const lease = await admin.get(LEASES, LEASE, OPERATOR.namespace);
          const { holderIdentity } = lease.spec as { holderIdentity?: string };
          return Boolean(holderIdentity) && lease.metadata.annotations?.[KEYS_CREATED] !== undefined;
        };
        if (await within(RESTORED, isBack)) tally.took('the Lease is back after', performance.now() - began);
        else tally.violate('the Lease is not back, with its mark', []);
      }),
    );
    return true;
  }

  rotate(soak: Soak, chance: Chance, background: Background): boolean {
    if (this.#pending) return false;
    this.allowed += 1;
    background(
      this.#during(async () => {
        const { cluster, tally } = soak;
        const where = [`--kubeconfig=${cluster.adminKubeconfig}`, `--namespace=${OPERATOR.namespace}`];
        const now = chance.is(0.7) ? ['--now'] : [];
        const child = spawn(process.execPath, [MAIN, 'keys', 'rotate', ...now, ...where], {
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        const [code, said] = await Promise.all([
          new Promise((resolve) => child.once('exit', resolve)),
          text(child.stderr),
        ]);
        tally.count(`rotation: ${code === 0 ? 'done' : said.trim().slice(0, 120)}`);
      }),
    );
    return true;
  }

  async #during(work: () => Promise<void>): Promise<void> {
    this.#pending = { kills: 0 };
    try {
      await work();
    } finally {
      this.#pending = undefined;
    }
  }
}

/** Those in the Secret; none where it cannot be read as what it should be. */
async function kidsOf({ admin }: Soak): Promise<readonly string[]> {
  try {
    const secret: KubeObject | undefined = await found(admin.get(SECRETS, KEYS_SECRET, OPERATOR.namespace));
    const { 'keys.json': encoded = '' } = (secret?.data ?? {}) as Record<string, string>;
    const { keys } = JSON.parse(Buffer.from(encoded, 'base64').toString()) as { keys: readonly { kid: string }[] };
    return keys.map(({ kid }) => kid);
  } catch {
    return [];
  }
}

async function within(ms: number, done: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + ms;
  while (performance.now() < deadline) {
    if (await done().catch(() => false)) return true;
    await sleep(300);
  }
  return false;
}
