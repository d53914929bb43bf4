import { describeWorlds } from '../docs/run.ts';
import { CAN_RUN, CLUSTER_WORLDS } from '../docs/world/index.ts';

describeWorlds({ install: CLUSTER_WORLDS.install! }, CAN_RUN);
