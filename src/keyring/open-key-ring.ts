import { epochSeconds } from '../clock.ts';
import { KeyRingError } from './errors.ts';
import { KeyRing } from './key-ring.ts';
import { type KeyRingOptions, timesOf } from './options.ts';
import { firstRing } from './rotation.ts';

/**
 * Opens the stored keys, or creates the first ones where there never were any.
 *
 * @throws KeyRingError invalid_option; keys_lost, keys_damaged, keys_exposed, keys_unavailable from the store
 */
export async function openKeyRing(options: KeyRingOptions): Promise<KeyRing> {
  const times = timesOf(options);
  let ring = await options.store.load();
  if (!ring) {
    const first = await firstRing(epochSeconds(options.clock), options);
    const won = await options.store.create(first);
    ring = won ? first : await options.store.load();
    if (!ring) throw new KeyRingError('keys_unavailable', 'the keys that another process created cannot be read');
    if (won) options.onChange?.({ action: 'created', kid: first.keys[0]!.kid });
  }
  const opened = new KeyRing(options, times, ring);
  await opened.tick();
  return opened;
}
