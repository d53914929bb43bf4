import { describeWorlds } from './run.ts';
import { CAN_RUN, WORLDS } from './world/index.ts';

describeWorlds(WORLDS, CAN_RUN);
