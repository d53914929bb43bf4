/** Whether a replica knows what is true again: it does once it shows what was written after whatever went wrong. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TYPES } from '../bad-days/world.ts';
import { OPERATOR } from '../cluster/index.ts';
import { ask } from './ask.ts';
import { type Impairment, RECOVERED } from './impairments.ts';
import { accountSlot, policyObject, policySpec, RESOURCE, robotSlot, type Slot, writtenAs } from './slots.ts';
import type { Replica, Soak } from './soak-types.ts';
import { insist } from './write.ts';

export const CANARY = 'soak-canary';
const LOOK_EVERY = 150;

export class Canary {
  readonly slots: readonly Slot[] = [accountSlot(CANARY, 'canary'), robotSlot('canary')];
  #edition = 0;
  #writing: Promise<void> = Promise.resolve();

  /** What is there before anything goes wrong. */
  policies(): readonly object[] {
    return this.slots.map((slot) => policyObject(slot, specOf(0), 0));
  }

  /**
   * Waits until the replica shows one write of each kind that was made after now, and ends the impairments then.
   * Returns at the end of the soak at the latest.
   */
  async seen(soak: Soak, replica: Replica, impairments: readonly Impairment[]): Promise<void> {
    this.#edition += 1;
    const edition = this.#edition;
    const began = performance.now();
    for (const one of impairments) one.lifted = began;
    // One after another: none takes another's edition back.
    this.#writing = this.#writing.then(() => this.#write(soak, edition));
    await this.#writing;
    while (!(await this.#shows(soak, replica, edition))) {
      if (soak.over.aborted) return;
      const since = soak.impairments.lifted(replica.index);
      // Who starts without keys waits for the leader to write them back, which has its own limit.
      if (performance.now() > since + RECOVERED && !soak.keys.pending) {
        const why = impairments.map((one) => one.why).join(', ');
        soak.tally.violate(`replica ${replica.index} has not recovered from: ${why}`, [
          replica.operator.process.log(30),
        ]);
        break;
      }
      await sleep(LOOK_EVERY);
    }
    const now = performance.now();
    for (const one of impairments) one.until = now;
    for (const why of new Set(impairments.map((one) => one.why))) soak.tally.took(`recovered from ${why}`, now - began);
  }

  async #write(soak: Soak, edition: number): Promise<void> {
    const { admin } = soak;
    const object = {
      apiVersion: 'trustmint.dev/v1alpha1',
      kind: 'TokenRevocation',
      metadata: { name: `canary-${edition}`, namespace: OPERATOR.namespace },
      spec: { token: `canary-${edition}`, reason: 'soak' },
    };
    const metadata = { annotations: writtenAs(edition) };
    await Promise.all([
      insist(() => admin.create(TYPES.TokenRevocation, object, OPERATOR.namespace)),
      ...this.slots.map((slot) => {
        const body = { metadata, spec: policySpec(slot, specOf(edition)) };
        return insist(() => admin.patch(slot.type, slot.policyName, slot.namespace, 'merge', body));
      }),
    ]);
  }

  async #shows({ bearer }: Soak, { operator: { url } }: Replica, edition: number): Promise<boolean> {
    const within = 5_000;
    try {
      for (const { proof } of this.slots) {
        const body = { credentials: proof, resource: RESOURCE };
        const answer = await ask({ url, path: '/api/mint/exchange', body, within });
        if (answer.status !== 200 || editionOf(answer.body.caveats) < edition) return false;
      }
      const { status, body } = await ask({
        url,
        path: `/api/mint/revocations?resource=${RESOURCE}`,
        bearer,
        within,
      });
      const entries = (body.entries ?? []) as readonly { value: string }[];
      return status === 200 && entries.some(({ value }) => value === `canary-${edition}`);
    } catch {
      return false;
    }
  }
}

const specOf = (edition: number) => ({ edition, state: 'Active', deletionPolicy: 'Drain' }) as const;

function editionOf(caveats: unknown): number {
  const found = (caveats as readonly string[]).find((one) => one.startsWith('edition = '));
  return Number(found?.slice('edition = '.length) ?? Number.NaN);
}
