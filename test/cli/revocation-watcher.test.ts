import assert from 'node:assert/strict';
import type { AuditEvent, RevocationEvent } from '../../src/audit/index.ts';
import { revocationWatcher } from '../../src/cli/revocation-watcher.ts';
import { type RevocationEntry, RevocationIndex } from '../../src/revocation/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

function watching() {
  const clock = new FakeClock();
  const now = Math.floor(clock.now() / 1000);
  const said: string[] = [];
  const watch = revocationWatcher((event: AuditEvent) => {
    const { action, source } = event as RevocationEvent;
    said.push(`${action} ${source}`);
  }, clock);
  const entry = (source: string, over: Partial<RevocationEntry> = {}): RevocationEntry => ({
    by: 'token',
    value: 'jti',
    tenant: 'acme',
    issuedBefore: null,
    expiresAt: null,
    source,
    ...over,
  });
  return {
    now,
    entry,
    watch(...all: RevocationEntry[]) {
      watch(RevocationIndex.from(all));
      return said.splice(0);
    },
  };
}

describe('the audit of revocations', () => {
  it('has what is in force at the start, what comes, and what is taken back, each once', () => {
    const { entry, watch } = watching();
    const [a, b] = [entry('a'), entry('b', { value: 'other' })];
    assert.deepEqual(watch(a), ['loaded a']);
    assert.deepEqual(watch(a, b), ['made b']);
    assert.deepEqual(watch(b, a), []);
    assert.deepEqual(watch({ ...a }, { ...b }), [], 'read anew, and the same');
    assert.deepEqual(watch({ ...b }), ['undone a']);
    assert.deepEqual(watch(a, b), ['made a']);
    assert.deepEqual(watch(), ['undone a', 'undone b']);
  });

  it('starts with nothing where nothing is in force', () => {
    const { entry, watch } = watching();
    assert.deepEqual(watch(), []);
    assert.deepEqual(watch(entry('a')), ['made a']);
  });

  it('tells what ran out from what was taken back', () => {
    const { now, entry, watch } = watching();
    watch(entry('over', { expiresAt: now - 1 }), entry('early', { value: 'x', expiresAt: now + 60 }));
    assert.deepEqual(watch(), ['expired over', 'undone early']);
  });

  it('calls nothing undone whose tokens something else keeps dead', () => {
    const { now, entry, watch } = watching();
    const policy = entry('TrustPolicy/ai/p', { by: 'policy', value: 'uid', tenant: null });
    const tombstone = { ...policy, source: 'TokenRevocation/trustmint/kept', expiresAt: now + 26 * 3_600 };
    watch(policy);
    assert.deepEqual(watch(policy, tombstone), ['made TokenRevocation/trustmint/kept']);
    assert.deepEqual(watch(tombstone), []);
  });
});
