/** Which policies there is something to say of, and what their deletion takes. */
import { deadAlready } from '../../revocation/index.ts';
import type { DeletedKind } from '../deletion/types.ts';
import type { HeldPolicy } from '../held.ts';
import { WATCHED } from '../kinds.ts';
import { reportedStatus } from '../status/reported.ts';
import type { Reports } from '../status/reports.ts';
import type { StatusKind } from '../status/types.ts';
import type { ClusterView } from '../view.ts';
import { endedPolicy } from './ended.ts';
import type { Limits } from './lifetime.ts';
import { syncPolicy } from './sync.ts';

type View = Pick<ClusterView, 'copies'>;
type Kind = 'TrustPolicy' | 'ClusterTrustPolicy';

export function policyStatus(
  kind: Kind,
  view: View & Pick<ClusterView, 'revocations'>,
  reports: Reports,
  limits: Limits,
): StatusKind {
  return reportedStatus({
    kind,
    type: WATCHED[kind],
    view,
    reports,
    sync: (report, one, now) => syncPolicy(report, one, now, limits),
    ended: (one, now) => endedPolicy(one, now, limits),
    amend: (report, now) => deadAlready(report, view.revocations(), now),
  });
}

export function policyDeletion(kind: Kind, view: View, limits: Limits): DeletedKind {
  return {
    kind,
    type: WATCHED[kind],
    by: 'policy',
    held: () => view.copies.policies.get(kind)!.items(),
    // Of its own copy.
    ended: (one, now, waitsFor) => endedPolicy(one as HeldPolicy, now, limits, waitsFor),
  };
}
