import assert from 'node:assert/strict';
import type { TokenRevocation, TokenRevocationSpec } from '../../src/api/v1alpha1/index.ts';
import { fromRevokingObjects, fromTokenRevocations } from '../../src/revocation/index.ts';
import { parseTimestamp } from '../../src/revocation/timestamp.ts';

const CREATED = '2026-03-01T12:00:00Z';
const created = Date.parse(CREATED) / 1000;

function object(spec: TokenRevocationSpec, over: Partial<TokenRevocation['metadata']> = {}): TokenRevocation {
  return {
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'TokenRevocation',
    metadata: { name: 'r', namespace: 'team-a', creationTimestamp: CREATED, ...over },
    spec,
  };
}

const tenantOf = (namespace: string | undefined) =>
  new Map<string | undefined, string | null>([
    ['team-a', 'acme'],
    ['trustmint-system', null],
  ]).get(namespace);

const convert = (...objects: TokenRevocation[]) => fromTokenRevocations(objects, tenantOf);

describe('TokenRevocation to entry', () => {
  it('each target becomes an entry of its namespace’s tenant', () => {
    for (const by of ['token', 'derivedFrom', 'grant', 'agent', 'policy'] as const) {
      const { entries, problems } = convert(object({ [by]: 'x' }));
      const source = 'TokenRevocation/team-a/r';
      assert.deepEqual(entries, [{ by, value: 'x', tenant: 'acme', issuedBefore: null, expiresAt: null, source }]);
      assert.deepEqual(problems, []);
    }
  });

  it('is for any tenant in the operator’s namespace, and for none where the namespace has none', () => {
    assert.equal(convert(object({ token: 'x' }, { namespace: 'trustmint-system' })).entries[0]!.tenant, null);
    const none = convert(object({ token: 'x' }, { namespace: 'stray' }));
    assert.deepEqual([none.entries, none.problems[0]!.code], [[], 'NoTenant']);
  });

  it('says of which tenant in the operator’s namespace alone; elsewhere another than its own kills nothing', () => {
    const own = { namespace: 'trustmint-system' };
    assert.equal(convert(object({ token: 'x', tenant: 'acme' }, own)).entries[0]!.tenant, 'acme');
    assert.equal(convert(object({ token: 'x', tenant: 'acme' })).entries[0]!.tenant, 'acme');
    const foreign = convert(object({ token: 'x', tenant: 'other' }));
    assert.deepEqual([foreign.entries, foreign.problems[0]!.code], [[], 'ForeignTenant']);
    assert.deepEqual(convert(object({ token: 'x', tenant: 'acme' }, { namespace: 'stray' })).entries, []);
  });

  it('is the same entry as long as object and tenant are the same', () => {
    const one = object({ token: 'x' });
    assert.equal(convert(one).entries[0], convert(one).entries[0]);
    assert.equal(fromTokenRevocations([one], () => 'a').entries[0]!.tenant, 'a');
    assert.equal(fromTokenRevocations([one], () => 'b').entries[0]!.tenant, 'b');
  });

  it('names exactly one target', () => {
    for (const spec of [{}, { token: 'a', grant: 'b' }]) {
      const { entries, problems } = convert(object(spec), object({ token: 'ok' }));
      assert.deepEqual(
        entries.map((e) => e.value),
        ['ok'],
        'one bad object took another down',
      );
      assert.deepEqual([problems[0]!.code, problems[0]!.severity], ['NotOneTarget', 'error']);
    }
  });

  it('lasts 24 h at least, whatever it says, and an hour more, for clocks may be that far apart', () => {
    const early = convert(object({ token: 'x', expiresAt: '2026-03-01T13:00:00Z' }));
    assert.equal(early.entries[0]!.expiresAt, created + 90_000);
    assert.equal(early.problems[0]!.code, 'ExpiresTooEarly');
    assert.match(early.problems[0]!.message, /stays in force for 25 h$/);
    const exact = convert(object({ token: 'x', expiresAt: '2026-03-02T12:00:00Z' }));
    assert.equal(exact.entries[0]!.expiresAt, created + 90_000);
    assert.deepEqual(exact.problems, []);
    const late = convert(object({ token: 'x', expiresAt: '2026-04-01T00:00:00+02:00' }));
    assert.equal(late.entries[0]!.expiresAt, Date.parse('2026-03-31T23:00:00Z') / 1000);
  });

  it('in doubt kills more, never less, and says so', () => {
    const garbled = convert(object({ token: 'x', issuedBefore: 'yesterday', expiresAt: '2026-02-30T00:00:00Z' }));
    assert.deepEqual([garbled.entries[0]!.issuedBefore, garbled.entries[0]!.expiresAt], [null, null]);
    assert.deepEqual(
      garbled.problems.map((p) => [p.code, p.path]),
      [
        ['InvalidTime', 'spec.issuedBefore'],
        ['InvalidTime', 'spec.expiresAt'],
      ],
    );
    const ageless = convert(
      object({ token: 'x', expiresAt: '2027-01-01T00:00:00Z' }, { creationTimestamp: undefined }),
    );
    assert.deepEqual([ageless.entries[0]!.expiresAt, ageless.problems[0]!.code], [null, 'NoCreationTime']);
  });

  it('stays in force until it is gone', () => {
    assert.equal(convert(object({ token: 'x' }, { deletionTimestamp: CREATED })).entries.length, 1);
  });
});

describe('policy state to entry', () => {
  const policy = { uid: 'u', revoked: false, tenant: null, source: 'TrustPolicy/ns/p' };

  it('a policy that revokes nothing is no entry', () => {
    assert.deepEqual(fromRevokingObjects([policy, { ...policy, revokeIssuedBefore: null }]).entries, []);
  });

  it('Revoked kills all it issued, and revokeIssuedBefore what was issued up to then', () => {
    const at = (p: object) => fromRevokingObjects([{ ...policy, ...p }]).entries[0]!;
    assert.equal(at({ revokeIssuedBefore: CREATED }).issuedBefore, created);
    assert.deepEqual(at({ revoked: true, revokeIssuedBefore: CREATED }), {
      by: 'policy',
      value: 'u',
      tenant: null,
      issuedBefore: null,
      expiresAt: null,
      source: 'TrustPolicy/ns/p',
    });
    assert.equal(fromRevokingObjects([{ ...policy, revoked: true }], 'agent').entries[0]!.by, 'agent');
  });

  it('a time that cannot be read kills all, and says so', () => {
    const { entries, problems } = fromRevokingObjects([{ ...policy, revokeIssuedBefore: 'soon' }]);
    assert.equal(entries[0]!.issuedBefore, null);
    assert.equal(problems[0]!.code, 'InvalidTime');
  });
});

describe('timestamps', () => {
  it('are RFC 3339 and nothing else', () => {
    assert.equal(parseTimestamp('2026-01-01T00:00:00.999Z'), Date.parse('2026-01-01T00:00:00Z') / 1000);
    assert.equal(parseTimestamp('2024-02-29t00:00:00z'), Date.parse('2024-02-29T00:00:00Z') / 1000);
    const bad = ['', '2026-01-01', '2026-01-01T00:00:00', '2026-13-01T00:00:00Z', '2025-02-29T00:00:00Z'];
    for (const text of [...bad, '2026-01-01T25:00:00Z', ' 2026-01-01T00:00:00Z', '1767225600', `${'9'.repeat(999)}Z`]) {
      assert.equal(parseTimestamp(text), undefined, text);
    }
  });
});
