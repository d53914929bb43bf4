import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { type AuditEvent, createAudit } from '../../src/audit/index.ts';
import { paced } from '../../src/cli/paced.ts';
import { FakeClock } from '../support/fake-clock.ts';

const key = (n: number): AuditEvent => ({ kind: 'key', id: '-', action: 'published', kid: `k${n}` });

function auditing() {
  const lines: string[] = [];
  const logged: string[] = [];
  const sink = { broken: false };
  const audit = createAudit({
    sinks: [
      {
        name: 'memory',
        write: async (text: string) => {
          if (sink.broken) throw new Error('broken');
          lines.push(...text.trimEnd().split('\n'));
        },
        close: async () => {},
      },
    ],
    clock: new FakeClock(),
  });
  const record = paced(
    (event) => audit.record(event),
    (level, message, fields) => void logged.push(`${level} ${message} ${JSON.stringify(fields)}`),
  );
  const rest = async () => {
    for (let turn = 0; turn < 500; turn += 1) await setImmediate();
  };
  return { lines, logged, sink, audit, record, rest };
}

describe('audit records that come by the thousand', () => {
  it('are written all of them, in their order, and leave room for those of exchanges at every moment', async () => {
    const { lines, logged, audit, record, rest } = auditing();
    for (let n = 0; n < 25_000; n += 1) record(key(n));
    // Refused if the queue were full.
    await audit.record(key(-1));
    await rest();
    const kids = lines.map((line) => (JSON.parse(line) as { kid: string }).kid).filter((kid) => kid !== 'k-1');
    assert.deepEqual([kids.length, logged], [25_000, []]);
    assert.ok(kids.every((kid, n) => kid === `k${n}`));
  });

  it('that cannot be written are told in a line for a thousand, and those after them are written', async () => {
    const { lines, logged, sink, record, rest } = auditing();
    sink.broken = true;
    for (let n = 0; n < 3_000; n += 1) record(key(n));
    await rest();
    assert.ok(logged.length >= 3 && logged.length <= 4, `${logged.length}`);
    sink.broken = false;
    record(key(1));
    await rest();
    assert.equal(lines.length, 1);
  });
});
