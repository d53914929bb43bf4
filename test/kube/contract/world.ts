import type { Clock } from '../../../src/clock.ts';
import type { ReflectorReason, ReflectorTimings } from '../../../src/kube/index.ts';
import type { KubeClient, ResourceType } from '../../../src/kube/types.ts';

/** An API server, the fake or a real one, with somebody who writes to it. */
export interface World {
  /** What the reflector uses. */
  readonly client: KubeClient;
  readonly type: ResourceType;
  readonly namespace: string;
  readonly clock: Clock;
  readonly timings: Partial<ReflectorTimings>;
  /** Writes of somebody else; they wait for the server's answer. */
  create(name: string, size: number): Promise<void>;
  update(name: string, size: number): Promise<void>;
  remove(name: string): Promise<void>;
  /** Lets time pass until it is so, or throws. */
  until(what: string, done: () => boolean): Promise<void>;
}

/** Something that goes wrong, and is put right again. */
export interface Fault<W extends World> {
  readonly name: string;
  begin(world: W): Promise<void>;
  end(world: W): Promise<void>;
  /** What the reflector must have noticed before it ends; none: it may go unnoticed. */
  readonly noticed: readonly ReflectorReason[];
  /** Nobody can write while it lasts. */
  readonly writesAfter?: boolean;
}
