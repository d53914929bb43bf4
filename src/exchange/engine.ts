/** The engine: what every door talks to. */
import { epochSeconds } from '../clock.ts';
import type { ObjectReport, ServedResource } from '../policy/types.ts';
import { deadAlready } from '../revocation/index.ts';
import { createExchange } from './exchange.ts';
import { createExplain } from './explain.ts';
import { peerNetwork } from './peer-network.ts';
import { publishedScopes } from './published-scopes.ts';
import { doorRecord } from './record.ts';
import { refusal } from './refusals.ts';
import { createRevoke } from './revoke.ts';
import { revokedHere } from './revoked-here.ts';
import type { EngineSettings } from './settings.ts';
import type { Engine, HealthCheck, Refusal } from './types.ts';
import { createIntrospect, createVerify } from './verify.ts';
import { freshnessCheck, vitalsOf } from './vitals.ts';

/** Wires the engine over its ports. */
export function createEngine(given: EngineSettings): Engine {
  const here = revokedHere(given.view);
  const settings = { ...given, view: here.view };
  const { view, keyring, audit, clock } = settings;
  return {
    exchange: createExchange(settings),
    verify: createVerify(settings),
    introspect: createIntrospect(settings),
    revoke: createRevoke(settings, here),
    explain: createExplain(settings),

    async doorRefused(refused) {
      // The answer is a refusal already: one that could not be recorded is no less a refusal.
      await audit.record(doorRecord(refused), peerNetwork(refused.peer)).catch(() => undefined);
    },

    keys(name) {
      const resource = resourceNow(name);
      if ('granted' in resource) return resource;
      if (resource.tokenType === 'JWT') {
        return refusal('invalid_request', 'resource: it takes JWTs, and the keys of those are at /oauth2/jwks');
      }
      return { keys: keyring.resourceKeys(resource.audience) };
    },

    jwks() {
      const { keys } = keyring.jwks();
      return keys.length > 0 ? { keys } : refusal('temporarily_unavailable', 'there are no keys for JWTs yet');
    },

    revocations(name) {
      const resource = resourceNow(name);
      if ('granted' in resource) return resource;
      const now = epochSeconds(clock);
      // As old as what it was made from: a verifier judges the age of the feed by this.
      return {
        generatedAt: new Date((now - Math.ceil(view.staleSeconds())) * 1000).toISOString(),
        entries: view.revocations().feed(now).entries,
      };
    },

    policies() {
      const snapshot = view.snapshot();
      return {
        generation: snapshot?.generation ?? '',
        staleSeconds: wholeSeconds(view.staleSeconds()),
        readErrors: view.readErrors(),
        objects: reportsNow(snapshot?.reports ?? []),
        issuers: settings.issuers(),
      };
    },

    discovery() {
      const snapshot = view.snapshot();
      return { issuer: settings.issuer, scopes: snapshot ? publishedScopes(snapshot) : [] };
    },

    vitals: () => vitalsOf(settings),

    readiness() {
      return [policiesCheck(), freshnessCheck(settings), ...(settings.checks?.() ?? [])];
    },
  };

  /**
   * What a verifier asks about. By a view that is too old neither what is revoked nor who may verify is known well
   * enough, and keys outlive any later answer.
   */
  function resourceNow(name: string): ServedResource | Refusal {
    const snapshot = view.snapshot();
    if (!snapshot || view.staleSeconds() > settings.maxStaleness || settings.clockIsWrong?.()) {
      return refusal('temporarily_unavailable', 'who verifies what, and what is revoked, is not known well enough now');
    }
    const resource = snapshot.findResource(name);
    return resource ?? refusal('invalid_request', 'resource: there is none of this name, URI or audience');
  }

  /** The snapshot knows nothing of revocations, and status must not say other things than this. */
  function reportsNow(reports: readonly ObjectReport[]): readonly ObjectReport[] {
    const revocations = view.revocations();
    return reports.map((report) => deadAlready(report, revocations, clock.now()).report);
  }

  /** A failed read does not end readiness, for what was served goes on; it says so, and freshness ends it in time. */
  function policiesCheck(): HealthCheck {
    const error = view.readErrors()[0];
    const ok = view.snapshot() !== undefined;
    const message = error
      ? `${error.source}: ${error.message} (${error.code})`
      : ok
        ? undefined
        : 'nothing was read yet';
    return { name: 'policies', ok, ...(message !== undefined && { message }) };
  }
}

/** null before the first good read: JSON knows no infinity. */
function wholeSeconds(seconds: number): number | null {
  return Number.isFinite(seconds) ? Math.floor(seconds) : null;
}
