/** Who acts for the subject (RFC 8693 §4.1): the outermost is the current actor, those within are its history. */
import { AccessTokenError } from './errors.ts';
import { isSubject } from './fields.ts';
import { MAX_ACT_BYTES, MAX_ACTORS } from './limits.ts';

export interface Actor {
  readonly sub: string;
  readonly act?: Actor;
}

/** The actors, the current one first. */
export function actorsOf(act: Actor | undefined): readonly string[] {
  const subjects: string[] = [];
  for (let actor = act; actor !== undefined; actor = actor.act) subjects.push(actor.sub);
  return subjects;
}

/**
 * Puts `actor` on top of a chain. The whole is built anew from the subjects: nothing else that a chain may hold is
 * signed again (P31).
 *
 * @param subject the `sub` that they act for
 * @throws AccessTokenError `cycle` where the actor is in the chain or is the subject itself; `too_deep` over
 *   four delegations or 8 KiB of JSON; `claims` for an actor that is no subject
 */
export function extendAct(actor: string, chain: Actor | undefined, subject: string): Actor {
  const earlier = actorsOf(chain);
  if (actor === subject || earlier.includes(actor)) {
    throw new AccessTokenError('cycle', 'the actor has acted in this chain already');
  }
  return buildAct([actor, ...earlier]);
}

/**
 * @param subjects the current actor first; at least one
 * @throws AccessTokenError `too_deep`, `claims`
 */
export function buildAct(subjects: readonly string[]): Actor {
  if (subjects.length > MAX_ACTORS) throw new AccessTokenError('too_deep', 'authority was handed on too often');
  let act: Actor | undefined;
  for (const sub of subjects.toReversed()) {
    if (!isSubject(sub)) throw new AccessTokenError('claims', 'an actor is no subject');
    act = act ? { sub, act } : { sub };
  }
  if (!act) throw new AccessTokenError('claims', 'there is no actor');
  if (Buffer.byteLength(JSON.stringify(act)) > MAX_ACT_BYTES) {
    throw new AccessTokenError('too_deep', `the chain of actors is larger than ${MAX_ACT_BYTES} bytes`);
  }
  return act;
}

/**
 * An `act` claim as we write it: `sub`, perhaps `act`, and no other member at any level; no actor twice.
 *
 * @returns undefined for anything else
 */
export function readAct(value: unknown): Actor | undefined {
  const subjects: string[] = [];
  for (let at = value; ; ) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || subjects.length === MAX_ACTORS) return undefined;
    const { sub, act, ...others } = at as { sub?: unknown; act?: unknown };
    if (!Object.hasOwn(at, 'sub') || Object.keys(others).length > 0) return undefined;
    if (!isSubject(sub) || subjects.includes(sub)) return undefined;
    subjects.push(sub);
    if (!Object.hasOwn(at, 'act')) break;
    at = act;
  }
  try {
    return buildAct(subjects);
  } catch {
    return undefined;
  }
}
