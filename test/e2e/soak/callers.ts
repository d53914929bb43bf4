/** Workloads and gateways: they ask every replica all the time, and each answer is judged. */
import { type Answered, ask, type Question } from './ask.ts';
import { rest } from './gate.ts';
import { indexRevocations, verify } from './gateway.ts';
import { type Asked, judgeExchange, judgeOutage, judgeToken, whereAndWhen } from './judge.ts';
import { RESOURCE } from './slots.ts';
import type { Replica, Soak } from './soak-types.ts';
import type { QuestionKind } from './tally.ts';

/** Callers of each replica, and milliseconds between two questions of one. */
const CALLERS = 2;
const LEAST_REST = 10;
const MOST_REST = 60;
/** Milliseconds: an API server that does not answer is waited for, and then some. */
const WITHIN = 20_000;
const KINDS = [
  ['exchange', 40],
  ['verify', 50],
  ['forged', 2],
  ['keys', 3],
  ['revocations', 5],
] as const satisfies readonly (readonly [QuestionKind, number])[];
/** How many tokens each feed is tried on. */
const TRIED_OFFLINE = 15;
/** Milliseconds: --max-staleness, after which there is no feed. */
const OLDEST_FEED = 600_000;

export function startCallers(soak: Soak): Promise<unknown> {
  const known = new Map<string, string>();
  const caller = async (replica: Replica) => {
    const chance = soak.chance.split();
    while (!soak.over.aborted) {
      await soak.gate.pass();
      await question(soak, replica, chance.weighed(KINDS), known);
      await rest(chance.between(LEAST_REST, MOST_REST), soak.over);
    }
  };
  return Promise.all(soak.replicas.flatMap((one) => Array.from({ length: CALLERS }, () => caller(one))));
}

async function question(soak: Soak, replica: Replica, kind: QuestionKind, known: Map<string, string>): Promise<void> {
  switch (kind) {
    case 'exchange': {
      const slot = soak.chance.of(soak.slots);
      if (!slot) return;
      const body = { credentials: slot.proof, resource: RESOURCE };
      return await put(soak, replica, kind, { path: '/api/mint/exchange', body }, (asked, answer) =>
        judgeExchange(soak, slot, asked, answer),
      );
    }
    case 'verify':
    case 'forged':
      return await aboutToken(soak, replica, kind);
    case 'keys':
    case 'revocations': {
      const path = `/api/mint/${kind}?resource=${RESOURCE}`;
      return await put(soak, replica, kind, { path, bearer: soak.bearer }, (asked, answer) =>
        kind === 'keys' ? judgeKeys(soak, known, asked, answer) : judgeFeed(soak, known, asked, answer),
      );
    }
  }
}

async function aboutToken(soak: Soak, replica: Replica, kind: 'verify' | 'forged'): Promise<void> {
  const one = soak.tokens.one();
  if (!one) return;
  const token = kind === 'verify' ? one.token : forge(one.token);
  const query = { path: '/api/mint/verify', body: { token, resource: RESOURCE, call: {} }, bearer: soak.bearer };
  await put(soak, replica, kind, query, (asked, { status, body }) => {
    if (status !== 200) {
      soak.tally.violate(`${kind} is answered with ${status}: ${whereAndWhen(asked)}`, [JSON.stringify(body)]);
      return String(status);
    }
    const active = body.active === true;
    if (kind === 'verify') return judgeToken(soak, one, asked, { active, reason: body.reason, how: 'verify' });
    if (active) soak.tally.violate(`a forged token is accepted: ${whereAndWhen(asked)}`, [JSON.stringify(body)]);
    return active ? 'active' : 'refused';
  });
}

/** Another last bit of its signature. */
function forge(token: string): string {
  const bytes = Buffer.from(token, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  return bytes.toString('base64url');
}

async function put(
  soak: Soak,
  { index, operator }: Replica,
  kind: QuestionKind,
  query: Omit<Question, 'url'>,
  judge: (asked: Asked, answer: Answered) => string,
): Promise<void> {
  const from = performance.now();
  const answer = await ask({ url: operator.url, within: WITHIN, ...query }).catch((error: Error) => error);
  if (answer instanceof Error) {
    const to = performance.now();
    judgeOutage(soak, kind, { replica: index, from, to }, `nothing (${answer.message})`);
    soak.tally.answer(kind, 'none', to - from);
    return;
  }
  const asked = { replica: index, from, to: answer.at };
  if (answer.status === 503) judgeOutage(soak, kind, asked, '503');
  const what = answer.status === 503 ? '503' : judge(asked, answer);
  soak.tally.answer(kind, what, asked.to - from);
}

/** A key never becomes another, and every token that lives has its own. */
function judgeKeys(soak: Soak, known: Map<string, string>, asked: Asked, { status, body }: Answered): string {
  const keys = (body.keys ?? []) as readonly { kid: string; key: string; state: string }[];
  const violate = (what: string) =>
    soak.tally.violate(`${what}: ${whereAndWhen(asked)}`, [
      `${status}: ${keys.map(({ kid, state }) => `${kid} ${state}`).join(', ')}`,
      `keys known before: ${[...known.keys()].join(', ')}`,
    ]);
  if (status !== 200) violate(`keys are answered with ${status}`);
  for (const { kid, key } of keys) {
    if ((known.get(kid) ?? key) !== key) violate(`key ${kid} is not what it was`);
    known.set(kid, key);
  }
  const kids = new Set(keys.map(({ kid }) => kid));
  const missing = soak.tokens.all.find(({ kid, mintedAt }) => mintedAt < asked.from && !kids.has(kid));
  if (missing) violate(`key ${missing.kid} of living tokens is missing`);
  if (known.size > soak.keys.allowed) violate('a key that nobody asked for');
  return String(status);
}

/** What the reference verifier makes of tokens by this feed must hold as if this replica had said it. */
function judgeFeed(soak: Soak, known: Map<string, string>, asked: Asked, { status, body }: Answered): string {
  if (status !== 200) {
    soak.tally.violate(`revocations are answered with ${status}: ${whereAndWhen(asked)}`, [JSON.stringify(body)]);
    return String(status);
  }
  const age = Date.now() - Date.parse(String(body.generatedAt));
  if (!(age < OLDEST_FEED)) soak.tally.violate(`a feed of ${age} ms ago: ${whereAndWhen(asked)}`, []);
  const keys = [...known].map(([kid, key]) => ({ kid, key }));
  const revocations = indexRevocations(body.entries as readonly object[]);
  for (let i = 0; i < TRIED_OFFLINE; i += 1) {
    const one = soak.tokens.one();
    if (!one || !known.has(one.kid)) continue;
    const now = Date.now() / 1000;
    let reason: string | undefined;
    try {
      verify(one.token, { audience: RESOURCE, keys, revocations, now, call: {} });
    } catch (error) {
      reason = (error as { code?: string }).code ?? (error as Error).message;
    }
    judgeToken(soak, one, asked, { active: reason === undefined, reason, how: 'offline, by its feed' });
  }
  return String(status);
}
