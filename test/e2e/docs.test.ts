import { describeWorlds } from '../docs/run.ts';
import { CAN_RUN, CLUSTER_WORLDS } from '../docs/world/index.ts';

// What wants Pods to run takes minutes of its own: docs-install.test.ts.
const { install: _, ...rest } = CLUSTER_WORLDS;
describeWorlds(rest, CAN_RUN);
