import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeRecord } from '../../src/audit/encode.ts';
import { type AuditEvent, formatRecord } from '../../src/audit/index.ts';
import { granted, identity, refused } from './support.ts';

const show = (event: AuditEvent) =>
  formatRecord(JSON.parse(encodeRecord(event, Date.parse('2026-01-01T00:00:00Z'))), {});

describe('audit record for people', () => {
  it('a grant says who got what by which rule', () => {
    assert.equal(
      show(granted()),
      '2026-01-01T00:00:00.000Z GRANTED system:serviceaccount:ai-agents:research-agent (https://issuer.example); ' +
        'by ai-agents/research#research; for default, tenant ai-agents, 8h; 1000 credits; ' +
        '[tenant = ai-agents · department = research]; grant gid-1  id id-1',
    );
  });

  it('of what acts for somebody it says for whom, and who may use what is handed on', () => {
    const with_ = (more: object) => {
      const given = { jti: 'j', grant_id: 'gid-1', resource: 'api', tenant: 't', caveats: [], ttl: 60, ...more };
      return show({ ...granted(), granted: given } as unknown as AuditEvent);
    };
    assert.match(
      with_({
        client_id: 'worker',
        scopes: ['x:r', 'x:w'],
        agent: 'uid',
        subject: 'user:alice',
        delegated_by: 'jti-0',
      }),
      /; client worker; scopes x:r x:w; acts for user:alice; delegated by jti-0; grant gid-1/,
    );
    assert.match(
      with_({ scopes: ['x:r'], may_act: { agent_type: 'summariser' } }),
      /; scopes x:r; may be used by \{"agent_type":"summariser"\}; grant/,
    );
  });

  it('a refusal says at which stage and why', () => {
    assert.equal(
      show(refused()),
      '2026-01-01T00:00:00.000Z REFUSED 192.0.2.1; at proof: expired: expired 5 s ago; answered invalid_proof  id id-2',
    );
    const denied = refused('x', {
      identity,
      policy: { kind: 'ClusterTrustPolicy', name: 'ci', uid: 'u' },
      rule: 'main',
    });
    assert.match(show(denied), /by ci#main; answered/);
  });

  it('has a line for every other kind', () => {
    const revocation = {
      kind: 'revocation',
      id: 'i',
      by: 'grant',
      value: 'g',
      tenant: null,
      source: 'TokenRevocation/a/b',
    } as const;
    const line = show({
      ...revocation,
      action: 'made',
      issued_before: 1_767_225_600,
      expires_at: null,
      reason: 'leaked',
    });
    assert.ok(
      line.includes('REVOKED grant g, tenant any; issued up to 2026-01-01T00:00:00.000Z; leaked; TokenRevocation/a/b'),
      line,
    );
    for (const [action, word] of [
      ['undone', 'UNDONE'],
      ['expired', 'EXPIRED'],
      ['kept', 'KEPT'],
    ] as const) {
      const said = show({ ...revocation, action, issued_before: null, expires_at: null });
      assert.ok(said.includes(` ${word} `) && !said.includes('REVOKED'), said);
    }
    const end = show({
      kind: 'policy',
      id: '-',
      action: 'revoked',
      policy_kind: 'TrustPolicy',
      uid: 'u',
      namespace: 'a',
      name: 'p',
      why: 'state: Revoked',
      tombstone: null,
      tokens_valid_until: 1_767_225_600,
    });
    assert.ok(
      end.endsWith('REVOKED TrustPolicy a/p; state: Revoked; no token of it is good after 2026-01-01T00:00:00.000Z'),
      end,
    );
    assert.ok(show({ kind: 'key', id: '-', action: 'promoted', kid: 'k1' }).endsWith('KEY     k1 promoted'));
    const counted = show({ kind: 'suppressed', id: '-', of: 'peer', count: 5, from: 'a', to: 'b' });
    assert.ok(counted.endsWith('COUNTED 5 more refusals of peer; from a to b'), counted);
  });

  it('is coloured only when asked', () => {
    assert.ok(!formatRecord(granted()).includes('\u001b'));
    assert.ok(formatRecord(granted(), { color: true }).includes('\u001b[32mGRANTED\u001b[0m'));
    assert.ok(formatRecord({ ...granted(), late: true }).includes('late: nothing was handed out'));
  });

  it('is one harmless line for anything that a log file may hold', () => {
    const attack = '\u001b]0;pwned\u0007\n\u202ex';
    const hostile = [
      null,
      1,
      'x',
      [],
      {},
      { kind: 'exchange', outcome: 'granted', granted: 5, identity: attack, policy: [attack] },
    ];
    for (const value of [
      ...hostile,
      refused(attack, { peer: attack }),
      { kind: attack, time: attack, id: { [attack]: 1 } },
    ]) {
      assert.ok(!/\p{Cc}|\p{Bidi_Control}/u.test(formatRecord(value)), JSON.stringify(value));
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.string({ unit: 'binary' }), (granted, kind) => {
        for (const k of [kind, 'exchange', 'revocation', 'key', 'suppressed']) {
          const value = {
            kind: k,
            outcome: 'granted',
            granted,
            refused: granted,
            identity: granted,
            issued_before: granted,
          };
          assert.ok(!/\p{Cc}/u.test(formatRecord(value)));
        }
      }),
      { numRuns: 200 },
    );
  });
});
