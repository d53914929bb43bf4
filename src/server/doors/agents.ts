/** `/api/agents`: orchestrators register the agents that they spawn, and retire them. */
import type { IncomingMessage } from 'node:http';
import { bearerToken } from '../bearer.ts';
import { readObject } from '../body.ts';
import type { RequestContext } from '../context.ts';
import { CHALLENGE, invalidRequest, ServerError } from '../errors.ts';
import { onlyKnown, text } from '../members.ts';
import type { AgentAnswer, AgentCaller, AgentRegistry } from '../types.ts';

export const AGENTS_PATH = '/api/agents';

const SPEC = ['agentType', 'userId', 'identity', 'scopes', 'expiresAt'] as const;
const MEMBERS: ReadonlySet<string> = new Set([...SPEC, 'name', 'namespace']);
const NAME_LENGTH = 253;

/**
 * @returns status 201 where it was made, 200 where one that says the same was there
 * @throws ServerError
 */
export async function registerAgent(
  registry: AgentRegistry,
  req: IncomingMessage,
  context: RequestContext,
  maxBytes: number,
) {
  const body = await readObject(req, maxBytes);
  if (!body) throw invalidRequest('send a JSON body with agentType, userId and identity');
  onlyKnown(body, MEMBERS);
  const name = text(body, 'name', NAME_LENGTH);
  const namespace = text(body, 'namespace', NAME_LENGTH);
  const spec = Object.fromEntries(
    SPEC.flatMap((member) => (Object.hasOwn(body, member) ? [[member, body[member]]] : [])),
  );
  const asked = { spec, ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) };
  const answer = await registry.register(asked, callerOf(req, context));
  return rendered(answer, context, answer.result === 'unchanged' ? 200 : 201);
}

/** @throws ServerError */
export async function retireAgent(
  registry: AgentRegistry,
  name: string,
  req: IncomingMessage,
  context: RequestContext,
) {
  const namespace = new URLSearchParams((req.url ?? '').split('?', 2)[1] ?? '').get('namespace');
  const asked = { name, ...(namespace !== null && { namespace }) };
  return rendered(await registry.retire(asked, callerOf(req, context)), context, 200);
}

function callerOf(req: IncomingMessage, { peer, correlationId }: RequestContext): AgentCaller {
  const presented = bearerToken(req.headers.authorization);
  return { peer, correlationId, ...(typeof presented === 'string' && { bearer: presented }) };
}

function rendered(answer: AgentAnswer, { correlationId }: RequestContext, status: number) {
  if (answer.result === 'refused') {
    const { code, message } = answer;
    const headers = code === 'unauthorized' ? CHALLENGE.missing : undefined;
    throw new ServerError(code, message, code === 'temporarily_unavailable' ? { 'Retry-After': '2' } : headers);
  }
  const { namespace, name, uid } = answer;
  return { status, body: { name, namespace, uid, correlation_id: correlationId } };
}
