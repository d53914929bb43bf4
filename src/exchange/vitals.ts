/** How old the view is and how fit this process to judge by it, for those who watch over it. */
import { epochSeconds } from '../clock.ts';
import type { KeyState } from '../keyring/index.ts';
import type { RevocationTarget } from '../revocation/index.ts';
import type { EngineSettings } from './settings.ts';
import type { HealthCheck, Vitals } from './types.ts';

const TARGETS: readonly RevocationTarget[] = ['token', 'derivedFrom', 'grant', 'agent', 'policy'];
const KEY_STATES: readonly KeyState[] = ['next', 'active', 'retired'];

export function vitalsOf({ view, keyring, clock, clockAhead, ...limits }: EngineSettings): Vitals {
  const now = epochSeconds(clock);
  const states = keyring.states();
  const count = (state: KeyState) => [state, states.filter((key) => key.state === state).length] as const;
  const signsSince = states.find(({ state }) => state === 'active')?.activatedAt;
  const revocations = new Map(TARGETS.map((by) => [by, 0]));
  for (const { by, expiresAt } of view.revocations().entries()) {
    if (expiresAt === null || now <= expiresAt) revocations.set(by, revocations.get(by)! + 1);
  }
  const clockSkewSeconds = clockAhead?.();
  return {
    maxStaleness: limits.maxStaleness,
    maxVerifyStaleness: limits.maxVerifyStaleness,
    kinds: view.kinds?.() ?? [],
    revocations,
    lingering: view.lingering?.() ?? 0,
    ...(clockSkewSeconds !== undefined && { clockSkewSeconds }),
    ownKeys: new Map(KEY_STATES.map(count)),
    ...(limits.rotateKeys !== undefined && { ownKeyRotateSeconds: limits.rotateKeys }),
    ...(typeof signsSince === 'number' && { ownKeyAgeSeconds: Math.max(0, now - signsSince) }),
  };
}

/** Fails as exchanges do; says which kind is the oldest, and what it brings about next. */
export function freshnessCheck({ view, maxStaleness, maxVerifyStaleness }: EngineSettings): HealthCheck {
  const stale = view.staleSeconds();
  const oldest = view.kinds?.().reduce((a, b) => (b.staleSeconds > a.staleSeconds ? b : a));
  const what = oldest ? `${oldest.kind} (the oldest kind)` : 'the policies';
  const age = Number.isFinite(stale) ? `${what}: no sign of life for ${Math.floor(stale)} s` : 'nothing was read yet';
  if (stale > maxVerifyStaleness) return { name: 'freshness', ok: false, message: `${age}; verifying has stopped too` };
  const next =
    stale > maxStaleness
      ? `exchanges and the feed have stopped; verifying stops after ${maxVerifyStaleness} s`
      : `exchanges and the feed stop after ${maxStaleness} s`;
  const text = `${age}; ${next}`;
  return { name: 'freshness', ...(stale > maxStaleness ? { ok: false, message: text } : { ok: true, detail: text }) };
}
