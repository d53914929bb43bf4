/** An account of this cluster, and what a replica decides about it. */
import type { World } from './support.ts';

/** An account `agent` of this cluster. */
export function identityOf({ view }: World, name: string) {
  const [anchor] = [...view.snapshot()!.anchors.values()];
  return {
    anchor: anchor!.id,
    provider: 'kubernetes' as const,
    issuer: anchor!.issuer,
    subject: `system:serviceaccount:${name}:agent`,
    audiences: ['satgate'],
    claims: {},
    attributes: new Map([
      ['namespace', name],
      ['serviceAccount', 'agent'],
    ]),
    holder: { subject: 'x' },
    issuedAt: 0,
    expiresAt: 1,
  };
}
/** What an account `agent` is told: granted, or why not. */
export function verdictOn(w: World, name: string) {
  const decision = w.view.snapshot()!.decide([identityOf(w, name)], {});
  return decision.allowed || decision.reason;
}
