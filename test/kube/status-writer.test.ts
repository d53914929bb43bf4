import assert from 'node:assert/strict';
import { StatusWriter } from '../../src/kube/status-writer.ts';
import type { KubeObject, ResourceType } from '../../src/kube/types.ts';
import { TerminalError } from '../../src/kube/work-queue.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { apiFailure, type Faults, MemoryClient, MemoryServer } from './support/memory-client.ts';

const THINGS: ResourceType = { group: 'example.com', version: 'v1', plural: 'things', namespaced: true };

async function world(faults: Faults = {}, isLeader = () => true) {
  const server = new MemoryServer();
  const admin = new MemoryClient(server);
  const object = await admin.create(THINGS, { metadata: { name: 'a' }, spec: { x: 1 } }, 'ns');
  const clock = new FakeClock();
  const writer = new StatusWriter({ client: new MemoryClient(server, faults), isLeader, clock });
  const read = () => admin.get(THINGS, 'a', 'ns');
  const edit = () => admin.patch(THINGS, 'a', 'ns', 'merge', { spec: { x: Math.random() } });
  return { server, clock, admin, object, writer, read, edit };
}

describe('status writer', () => {
  it('writes the status, and nothing else of the object', async () => {
    const { writer, object, read } = await world();
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'written');
    const after = await read();
    assert.deepEqual(after.status, { phase: 'Active' });
    assert.deepEqual(after.spec, { x: 1 });
  });

  it('writes nothing where the object says so already, whatever the order of its members', async () => {
    const { writer, object, read, server } = await world();
    await writer.write(THINGS, object, { a: 1, list: [{ b: 2, c: 3 }] });
    const calls = server.calls.length;
    assert.equal(await writer.write(THINGS, await read(), { list: [{ c: 3, b: 2 }], a: 1 }), 'unchanged');
    assert.equal(server.calls.length, calls + 1);
  });

  it('writes once though the cache still shows the object from before the write', async () => {
    const { writer, object, server } = await world();
    await writer.write(THINGS, object, { phase: 'Active' });
    const calls = server.calls.length;
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'unchanged');
    assert.equal(await writer.write(THINGS, object, { phase: 'Invalid' }), 'conflict');
    assert.equal(server.calls.length, calls);
  });

  it('writes again onto what a backup brought back, resourceVersion and all', async () => {
    const { writer, object, server, clock, read } = await world();
    const backup = structuredClone([...server.objects]);
    await writer.write(THINGS, object, { phase: 'Active' });
    for (const [key, one] of backup) server.objects.set(key, one);
    assert.equal(
      await writer.write(THINGS, await read(), { phase: 'Active' }),
      'unchanged',
      'an old copy, as it seems',
    );
    await clock.advance(60_000);
    assert.equal(await writer.write(THINGS, await read(), { phase: 'Active' }), 'written');
    assert.deepEqual((await read()).status, { phase: 'Active' });
  });

  it('writes again what somebody else overwrote', async () => {
    const { writer, object, admin, read } = await world();
    await writer.write(THINGS, object, { phase: 'Active' });
    await admin.patch(THINGS, 'a', 'ns', 'merge', { status: { phase: 'Nonsense' } }, { subresource: 'status' });
    assert.equal(await writer.write(THINGS, await read(), { phase: 'Active' }), 'written');
    assert.deepEqual((await read()).status, { phase: 'Active' });
  });

  it('does not write onto an object that has changed since it was read', async () => {
    const { writer, object, edit, read } = await world();
    await edit();
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'conflict');
    assert.equal((await read()).status, undefined);
    assert.equal(await writer.write(THINGS, await read(), { phase: 'Active' }), 'written');
  });

  it('does not write onto a namesake that was made after a deletion', async () => {
    const { writer, object, admin, read } = await world();
    await admin.delete(THINGS, 'a', 'ns');
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'gone');
    await admin.create(THINGS, { metadata: { name: 'a' } }, 'ns');
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'gone');
    assert.equal((await read()).status, undefined);
  });

  it('does not write onto a namesake even where a restored store counts the same versions again', async () => {
    const { writer, object, server, read } = await world();
    for (const stored of server.objects.values()) stored.metadata.uid = 'another';
    assert.equal((await read()).metadata.resourceVersion, object.metadata.resourceVersion);
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'gone');
    assert.equal((await read()).status, undefined);
  });

  it('asks whether it leads before each write', async () => {
    let leads = false;
    const { writer, object, read } = await world({}, () => leads);
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'not_leader');
    assert.equal((await read()).status, undefined);
    leads = true;
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'written');
  });

  it('tells a status that the schema refuses from a conflict, and does not try that again', async () => {
    const refuse: Faults = {
      before: ({ verb }) => {
        if (verb === 'patch') throw apiFailure(422, 'Invalid');
      },
    };
    const { writer, object } = await world(refuse);
    await assert.rejects(writer.write(THINGS, object, { phase: 'Active' }), TerminalError);
  });

  it('leaves an outage and a missing right to the queue, and writes when they are over', async () => {
    for (const failure of [
      apiFailure(0, 'NetworkError'),
      apiFailure(503, 'ServiceUnavailable'),
      apiFailure(403, 'Forbidden'),
    ]) {
      let down = true;
      const { writer, object } = await world({
        before: () => {
          if (down) throw failure;
        },
      });
      await assert.rejects(writer.write(THINGS, object, { phase: 'Active' }), failure);
      down = false;
      assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'written');
    }
  });

  it('takes a write whose answer was lost for a conflict the next time, and then for done', async () => {
    let lose = true;
    const { writer, object, read } = await world({
      after: ({ verb }) => {
        if (verb === 'patch' && lose) throw apiFailure(0, 'NetworkError');
      },
    });
    await assert.rejects(writer.write(THINGS, object, { phase: 'Active' }));
    lose = false;
    assert.equal(await writer.write(THINGS, object, { phase: 'Active' }), 'conflict');
    assert.equal(await writer.write(THINGS, (await read()) as KubeObject, { phase: 'Active' }), 'unchanged');
  });

  it('lets one of several writers at once win, and tells the others', async () => {
    const { writer, object, server } = await world();
    const other = new StatusWriter({ client: new MemoryClient(server), isLeader: () => true, clock: new FakeClock() });
    const outcomes = await Promise.all([
      writer.write(THINGS, object, { phase: 'Active' }),
      other.write(THINGS, object, { phase: 'Invalid' }),
    ]);
    assert.deepEqual([...outcomes].sort(), ['conflict', 'written']);
  });
});
