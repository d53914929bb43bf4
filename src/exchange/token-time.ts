/** The time that tokens are of. */
import { epochSeconds } from '../clock.ts';
import type { EngineSettings } from './settings.ts';

/** Seconds by which our clock may differ: less than this is within what is known of the difference. */
const SAME = 5;

/**
 * NumericDate seconds now, by the clock that all replicas share where there is one. By its own a replica that is minutes
 * ahead would mint what `revokeIssuedBefore` comes too early for, and one that is behind would accept what has expired.
 */
export function tokenTime({ clock, clockAhead }: Pick<EngineSettings, 'clock' | 'clockAhead'>): number {
  const ahead = clockAhead?.() ?? 0;
  return epochSeconds(clock) - (Math.abs(ahead) > SAME ? Math.round(ahead) : 0);
}
