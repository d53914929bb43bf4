/** The world `teardown`: as `install`, with config/default in it, whose Pods run, and a policy in namespace ai-agents. */
import { join } from 'node:path';
import { ROOT } from '../support.ts';
import { serveWorld } from './inside.ts';
import { startRunningNodes } from './nodes.ts';

const { cluster, env } = await startRunningNodes();
await cluster.kubectl(['apply', '-k', join(ROOT, 'config/default')]);
await cluster.kubectl(['-n', 'trustmint-system', 'rollout', 'status', 'deployment/trustmint', '--timeout=120s']);
await cluster.kubectl(['apply', '-f', join(ROOT, 'examples/kubernetes/research-agent.yaml')]);
await cluster.kubectl(['-n', 'ai-agents', 'wait', '--for=condition=Ready', '--timeout=60s', 'tpol/research']);
await serveWorld(env);
