/** An Event whose name follows from what it says: told again, by whomever, it is the same one. */
import { createHash } from 'node:crypto';
import { EVENTS, type EventSource, type EventToRecord, eventObject, namespaceOf } from './event-object.ts';
import { statusOf } from './status-of.ts';
import type { CallOptions, KubeClient } from './types.ts';

/** @throws KubeApiError; 403 also in a namespace that ends, where nothing is created any more */
export async function tellOnce(
  client: Pick<KubeClient, 'create'>,
  event: EventToRecord,
  source: Omit<EventSource, 'suffix'>,
  options?: CallOptions,
): Promise<void> {
  const { regarding, reason } = event;
  const suffix = createHash('sha256').update(`${regarding.metadata.uid} ${reason}`).digest('hex').slice(0, 16);
  try {
    await client.create(EVENTS, eventObject(event, { ...source, suffix }, {}), namespaceOf(event), options);
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
  }
}
