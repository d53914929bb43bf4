/** Digests of 31 bits, which take no room beside the object that holds them. Equal ones are taken for equal. */
import { createHash } from 'node:crypto';
import { readConditions } from '../../kube/index.ts';
import { member } from '../errors.ts';
import { conditionsOf } from '../status/transitions.ts';

export function digestOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) >>> 1;
}

/** Of what a status says: not of its times, nor of conditions of others. 0: nothing. */
export function saidBy(status: unknown): number {
  if (typeof status !== 'object' || status === null) return 0;
  const ours = readConditions(conditionsOf(status)).filter(({ type }) => OURS.has(type));
  const said = ours.map(({ type, status, reason, message, observedGeneration }) => [
    type,
    status,
    reason,
    message,
    observedGeneration ?? null,
  ]);
  return digestOf(
    JSON.stringify([member(status, 'observedGeneration') ?? null, member(status, 'phase') ?? null, said]),
  );
}

const OURS: ReadonlySet<string> = new Set(['Accepted', 'Ready', 'Revoked']);
