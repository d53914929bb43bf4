/** Which ProtectedResources there is something to say of. */
import { WATCHED } from '../kinds.ts';
import { reportedStatus } from '../status/reported.ts';
import type { Reports } from '../status/reports.ts';
import type { StatusKind } from '../status/types.ts';
import type { ClusterView } from '../view.ts';
import { syncResource } from './sync.ts';

export function resourceStatus(view: Pick<ClusterView, 'copies'>, reports: Reports): StatusKind {
  return reportedStatus({
    kind: 'ProtectedResource',
    type: WATCHED.ProtectedResource,
    view,
    reports,
    sync: syncResource,
  });
}
