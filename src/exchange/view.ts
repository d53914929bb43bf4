/** What is served, as the engine sees it. Implemented by `standalone/` and `operator/`. */
import type { AgentDirectory } from '../policy/index.ts';
import type { Snapshot } from '../policy/types.ts';
import type { RevocationIndex } from '../revocation/index.ts';
import type { KindAge, PoliciesReport } from './types.ts';

export interface View {
  /** The objects as they are now, compiled; undefined before the first good read. */
  snapshot(): Snapshot | undefined;
  /** Every revocation in force: TokenRevocations, and policies that revoke. */
  revocations(): RevocationIndex;
  /** The registered agents as they are now; absent: there are none. */
  agents?(): AgentDirectory;
  /** Seconds since the view was last known to be fresh. */
  staleSeconds(): number;
  /** The kinds that it is made of, each with the seconds since its own last sign of life: the view is as old as the oldest. */
  kinds?(): readonly KindAge[];
  /** Revocations that are gone and in force still, until it is known why they went. */
  lingering?(): number;
  /** Why the newest read failed, while older objects go on being served. */
  readErrors(): PoliciesReport['readErrors'];
}
