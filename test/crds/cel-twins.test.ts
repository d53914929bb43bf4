import assert from 'node:assert/strict';
import { stringify } from 'yaml';
import { API_VERSION, KINDS } from '../../src/api/v1alpha1/index.ts';
import { compile, type PolicyObjects } from '../../src/policy/index.ts';
import { readText } from '../../src/standalone/index.ts';
import { CASES, GOOD, messagesOf, type Spec, TRANSITIONS } from './cel-cases.ts';

/** Why an object is not served, or undefined if it is. */
function refusal(kind: string, spec: Spec): string | undefined {
  const text = stringify({ apiVersion: API_VERSION, kind, metadata: { name: 'x' }, spec });
  const { objects, problems } = readText(text, 'f.yaml', 'f');
  if (problems.length > 0) return problems.map(({ message }) => message).join();
  const { resource } = objects[0]!;
  if (resource.kind === 'TokenRevocation' || resource.kind === 'AgentRegistration') return undefined;
  const all: PolicyObjects = {
    trustPolicies: resource.kind === 'TrustPolicy' ? [resource] : [],
    clusterTrustPolicies: resource.kind === 'ClusterTrustPolicy' ? [resource] : [],
    protectedResources: resource.kind === 'ProtectedResource' ? [resource] : [],
  };
  const snapshot = compile(all, {
    tenancy: { mode: 'Single', tenant: 't' },
    defaultAudience: 'default',
    maxTtl: 86_400,
    ownIssuer: 'https://mint.example',
    allowLoopbackHttp: false,
  });
  const errors = snapshot.reports[0]!.problems.filter(({ severity }) => severity === 'error');
  return errors.length === 0 ? undefined : errors.map(({ message }) => message).join();
}

/**
 * Every CEL rule of the CRDs has a twin where there is no API server: an object that breaks it is refused by the
 * manifest reader or is not served by the compiler. One row for each rule, by its message.
 */
describe('CEL rules and their twins', () => {
  for (const name of KINDS.keys()) {
    for (const message of messagesOf(name)) {
      if (TRANSITIONS[name]!.some(([about]) => about.test(message))) continue;
      it(`${name}: what breaks “${message}” is refused without an API server too`, () => {
        const row = CASES[name]!.find(([about]) => about.test(message));
        assert.ok(row, 'this rule has no row: add one, and its twin');
        assert.match(refusal(name, row[1]) ?? 'it is served', row[2]);
      });
    }

    it(`${name}: no row is about a rule that is no more`, () => {
      for (const [about] of CASES[name]!)
        assert.ok(
          messagesOf(name).some((m) => about.test(m)),
          `${about}`,
        );
    });
  }

  it('the objects that the rows break are themselves served', () => {
    for (const [kind, specs] of Object.entries(GOOD)) {
      for (const spec of specs) assert.equal(refusal(kind, spec), undefined);
    }
  });
});
