/** What the parts of a soak share. */
import type { KubeClient } from '../../../src/kube/types.ts';
import type { Cluster, Operator } from '../cluster/index.ts';
import type { Way } from '../cluster/way.ts';
import type { Gate } from './gate.ts';
import type { Impairments } from './impairments.ts';
import type { KeyFaults } from './key-faults.ts';
import type { Killers } from './killers.ts';
import type { Chance } from './random.ts';
import type { Slot } from './slots.ts';
import type { Tally } from './tally.ts';
import type { TokenRequests } from './token-request.ts';
import type { Tokens } from './tokens.ts';

export interface Replica {
  readonly index: number;
  readonly operator: Operator;
  readonly way: Way;
}

/** A namespace that is deleted with all that is in it, and made anew. */
export interface Team {
  readonly name: string;
  readonly slots: readonly Slot[];
  /** It is being deleted: nobody writes into it. */
  closing: boolean;
  /** Writes into it that are under way. */
  writes: number;
}

export interface Stage {
  readonly cluster: Cluster;
  readonly admin: KubeClient;
  readonly requests: TokenRequests;
  readonly replicas: readonly Replica[];
  readonly teams: readonly Team[];
  readonly slots: readonly Slot[];
  /** The proof of the gateway that verifies. */
  readonly bearer: string;
}

export interface Soak extends Stage {
  readonly chance: Chance;
  readonly impairments: Impairments;
  readonly killers: Killers;
  readonly tokens: Tokens;
  readonly tally: Tally;
  readonly gate: Gate;
  /** Fires when the time is over. */
  readonly over: AbortSignal;
  readonly keys: KeyFaults;
  /** Numbers the writes. */
  nextWrite(): number;
}
