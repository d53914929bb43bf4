/** Whether an answer is one that the model allows at that moment. */
import type { Answered } from './ask.ts';
import { type Impairment, STALL } from './impairments.ts';
import { fate, type Killer } from './killers.ts';
import type { Slot } from './slots.ts';
import type { Soak } from './soak-types.ts';
import type { Remembered } from './tokens.ts';

/** When and where a question was asked, and when its answer was there. */
export interface Asked {
  readonly replica: number;
  readonly from: number;
  readonly to: number;
}

/** Seconds by which two clocks of one machine may be read apart: whole ones are compared. */
const CLOCK = 2;
/** Violations whose audit records are looked up. */
const TRACED = 5;

const seconds = (ms: number) => (ms / 1000).toFixed(3);
export const whereAndWhen = ({ replica, from, to }: Asked) => `replica ${replica} at ${seconds(from)}–${seconds(to)}`;

/** An exchange: a token of the policy that there is, or a refusal where there is none that gives. */
export function judgeExchange(soak: Soak, slot: Slot, asked: Asked, { status, body }: Answered): string {
  const allowed = slot.timeline.allowed(asked.replica, asked.from, asked.to, soak.impairments);
  const story = () => [
    `answer: ${status} ${JSON.stringify({ ...body, token: undefined })}`,
    ...recordOf(soak, asked.replica, body.correlation_id),
    `allowed: ${allowed.map((one) => JSON.stringify(one)).join(' or ')}`,
    ...wrongWith(soak, asked),
    ...slot.timeline.story(),
  ];
  const violate = (what: string) => soak.tally.violate(`${what}: ${slot.name}, ${whereAndWhen(asked)}`, story());
  if (status !== 200) {
    const isRefusal = status === 401 || status === 403;
    if (!isRefusal) violate(`an exchange is answered with ${status}`);
    else if (!allowed.some((one) => one.edition === undefined || mayBeBornDead(soak, one.uid, slot, asked)))
      violate('refused though a policy gives');
    return isRefusal ? 'refused' : String(status);
  }
  const one = soak.tokens.remember(String(body.token), slot.name, asked.to, asked.replica);
  const caveats = (body.caveats ?? []) as readonly string[];
  const fits = allowed.some(
    ({ edition, uid }) =>
      edition !== undefined &&
      caveats.includes(`edition = ${edition}`) &&
      (uid === undefined || uid === one?.facts.pol) &&
      body.policy === slot.servedAs,
  );
  if (!fits) violate('a token that no policy gives');
  else if (one?.facts.tenant !== slot.tenant) violate('a token of another tenant');
  else if (fate(soak.killers.of(one.facts), asked.replica, asked.from, asked.to, soak.impairments) === 'dead')
    violate('A DEAD TOKEN IS GIVEN');
  return 'granted';
}

/** Whether what the policy gives may be dead already: it, or the grant, is revoked. Then it is not given. */
function mayBeBornDead(soak: Soak, pol: string | undefined, { tenant }: Slot, asked: Asked): boolean {
  if (pol === undefined) return false;
  const iat = Math.floor((Date.now() - (asked.to - asked.from)) / 1000) - CLOCK;
  const gids = soak.tokens.grantsOf(pol);
  return ['', ...gids].some((gid) => {
    const facts = { jti: '', gid, pol, tenant, iat, digests: [] };
    return fate(soak.killers.of(facts), asked.replica, asked.from, asked.to, soak.impairments) !== 'alive';
  });
}

/** What is said of a token: alive or dead as the model has it. */
export function judgeToken(
  soak: Soak,
  one: Remembered,
  asked: Asked,
  said: { readonly active: boolean; readonly reason?: unknown; readonly how: string },
): string {
  const killers = soak.killers.of(one.facts);
  const truth = fate(killers, asked.replica, asked.from, asked.to, soak.impairments);
  const now = Date.now() / 1000;
  const mayBeExpired = now + CLOCK >= one.expiresAt;
  const mustBeExpired = now - CLOCK - (asked.to - asked.from) / 1000 > one.expiresAt;
  const violate = (what: string) => {
    const story = soak.slots.find(({ name }) => name === one.slot)?.timeline.story() ?? [];
    soak.tally.violate(`${what} (${said.how}): a token of ${one.slot}, ${whereAndWhen(asked)}`, [
      `minted by replica ${one.mintedBy} at ${seconds(one.mintedAt)}: ${JSON.stringify(one.facts)}, key ${one.kid}`,
      `said: ${JSON.stringify(said)}`,
      ...killers.map(tellKiller),
      ...wrongWith(soak, asked),
      ...story,
    ]);
  };
  const isBack = truth === 'alive' && killers.some(({ undone }) => Number.isFinite(undone));
  const isKept = truth === 'dead' && killers.every(({ vanished }) => vanished);
  const which = isBack ? ' again' : isKept ? ' by what replicas remember' : '';
  soak.tally.count(`verdict: must be ${truth}${which}`);
  if (said.active) {
    if (truth === 'dead') violate('A DEAD TOKEN IS ACCEPTED');
    else if (mustBeExpired) violate('an expired token is accepted');
    return 'active';
  }
  const isOver = said.reason !== 'revoked' && mayBeExpired;
  if (said.reason !== 'revoked' && !isOver) violate(`refused as ${String(said.reason)}`);
  else if (said.reason === 'revoked' && truth === 'alive') violate('a living token is dead');
  return String(said.reason);
}

/**
 * No answer, or one that says to come back: only while something explains it. Of whoever is asked to verify only that it
 * has just started: a gateway that it knows is served on through every outage of the API server.
 */
export function judgeOutage(soak: Soak, kind: string, asked: Asked, what: string): void {
  const wrong = soak.impairments.during(asked.replica, asked.from, asked.to);
  const explains = ({ why, silent }: Impairment) =>
    what === '503' ? kind === 'exchange' || why === 'kill' : silent || why === STALL;
  const isExplained = wrong.some(explains);
  if (isExplained) return;
  soak.tally.violate(`${kind} is answered with ${what} though nothing is wrong: ${whereAndWhen(asked)}`, [
    ...wrongWith(soak, { ...asked, from: asked.from - 60_000 }),
  ]);
}

/** What the replica's audit log says of the answer. */
function recordOf({ replicas, tally }: Soak, replica: number, correlationId: unknown): string[] {
  if (tally.violationCount > TRACED) return [];
  const lines = replicas[replica]?.operator.process.log(5_000).split('\n') ?? [];
  return lines.filter((line) => line.includes(String(correlationId))).map((line) => `recorded: ${line}`);
}

function wrongWith(soak: Soak, { replica, from, to }: Asked): string[] {
  return soak.impairments
    .during(replica, from - 60_000, to)
    .map((one) => `wrong with replica ${replica}: ${one.why}, ${seconds(one.from)}–${seconds(one.until)}`);
}

function tellKiller({ why, from, answered, undoFrom, undone, vanished }: Killer): string {
  const undo = Number.isFinite(undoFrom) ? `, taken back ${seconds(undoFrom)}–${seconds(undone)}` : '';
  const gone = vanished
    ? `, told ${seconds(vanished.told)}, due ${seconds(vanished.due)}, gone without a finalizer ${seconds(vanished.from)}–${seconds(vanished.to)}`
    : '';
  return `killed by ${why}: ${seconds(from)}–${seconds(answered)}${undo}${gone}`;
}
