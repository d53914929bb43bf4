/** Which policies there is something to say of. */
import { WATCHED } from '../kinds.ts';
import { reportedStatus } from '../status/reported.ts';
import type { Reports } from '../status/reports.ts';
import type { StatusKind } from '../status/types.ts';
import type { ClusterView } from '../view.ts';
import { syncPolicy } from './sync.ts';

type View = Pick<ClusterView, 'copies'>;

export function trustPolicyStatus(view: View, reports: Reports): StatusKind {
  return reportedStatus({ kind: 'TrustPolicy', type: WATCHED.TrustPolicy, view, reports, sync: syncPolicy });
}

export function clusterTrustPolicyStatus(view: View, reports: Reports): StatusKind {
  return reportedStatus({
    kind: 'ClusterTrustPolicy',
    type: WATCHED.ClusterTrustPolicy,
    view,
    reports,
    sync: syncPolicy,
  });
}
