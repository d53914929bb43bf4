import type { Reply, Seen } from '../../support/fake-api-server/index.ts';
import { line, status } from '../../support/fake-api-server/index.ts';
import { COLLECTION, type Fake, startFake, WIDGETS, widget } from '../support/fake.ts';
import { inTime } from '../support/io.ts';
import type { Fault, World } from './world.ts';

export interface FakeWorld extends World {
  readonly fake: Fake;
}

export async function fakeWorld(): Promise<FakeWorld> {
  const fake = await startFake();
  const { clock, client, server } = fake;
  return {
    fake,
    client,
    clock,
    type: WIDGETS,
    namespace: 'default',
    timings: {},
    create: async (name, size) => void server.store.put(COLLECTION, widget(name, size)),
    update: async (name, size) => void server.store.put(COLLECTION, widget(name, size)),
    remove: async (name) => server.store.remove(COLLECTION, 'default', name),
    until: (what, done) => inTime(clock, 400_000, what, done),
  };
}

/** Ends what is open, then answers so. */
function answering(verbs: readonly Seen['verb'][], reply: () => Reply): Pick<Fault<FakeWorld>, 'begin' | 'end'> {
  return {
    async begin({ fake: { server } }) {
      server.fault = ({ verb }) => (verbs.includes(verb) ? reply() : undefined);
      server.watches.cut();
    },
    async end({ fake: { server } }) {
      server.fault = undefined;
    },
  };
}

const both = ['list', 'watch'] as const;
const nothing = async () => {};
const raw = (bytes: string) => async (world: FakeWorld) => world.fake.server.watches.raw(bytes);

export const FAKE_FAULTS: readonly Fault<FakeWorld>[] = [
  {
    name: 'a watch that went silent',
    begin: async ({ fake }) => {
      fake.server.watches.stalled = true;
    },
    end: async ({ fake }) => {
      fake.server.watches.stalled = false;
    },
    noticed: ['idle'],
  },
  {
    name: 'half a line and then silence',
    begin: async ({ fake }) => {
      fake.server.watches.raw(line('ADDED', widget('half')).slice(0, 40));
      fake.server.watches.stalled = true;
    },
    end: async ({ fake }) => {
      fake.server.watches.stalled = false;
    },
    noticed: ['idle'],
  },
  {
    name: 'half a line and then the end',
    begin: async ({ fake }) => {
      fake.server.watches.raw(line('ADDED', widget('half')).slice(0, 40));
      fake.server.watches.end();
    },
    end: nothing,
    noticed: ['stream_broken'],
  },
  { name: 'a line that is no JSON', begin: raw('{"type": "ADDED", \n'), end: nothing, noticed: ['stream_broken'] },
  { name: 'a line that is no event', begin: raw('{"kind":"Status"}\n'), end: nothing, noticed: ['stream_broken'] },
  {
    name: 'an object without a name',
    begin: raw(line('ADDED', { metadata: { resourceVersion: '999999' } })),
    end: nothing,
    noticed: ['stream_broken'],
  },
  {
    name: 'a cut',
    begin: async ({ fake }) => fake.server.watches.cut(),
    end: nothing,
    noticed: ['stream_broken'],
  },
  { name: 'connections that are hung up', ...answering(both, () => 'hang up'), noticed: ['network'] },
  { name: '410 on every watch', ...answering(['watch'], () => ({ status: 410 })), noticed: ['expired'] },
  {
    name: '410 in every watch',
    ...answering(['watch'], () => ({ status: 200, body: line('ERROR', status(410, 'Expired')) })),
    noticed: ['expired'],
  },
  { name: 'lists whose pages expire', ...answering(['list'], () => ({ status: 410 })), noticed: ['expired'] },
  { name: 'withheld headers of a watch', ...answering(['watch'], () => 'withhold'), noticed: ['idle'] },
  { name: 'withheld headers of a list', ...answering(['list'], () => 'withhold'), noticed: ['timeout'] },
  {
    name: 'an error in the watch',
    begin: raw(line('ERROR', status(500, 'InternalError'))),
    end: nothing,
    noticed: ['stream_error'],
  },
  { name: 'an event of a type nobody knows', begin: raw(line('MELTED', widget('x'))), end: nothing, noticed: [] },
  {
    name: '429 while the storage is made ready',
    ...answering(both, () => ({ status: 429, headers: { 'retry-after': '1' } })),
    noticed: ['overloaded'],
  },
  { name: '503', ...answering(both, () => ({ status: 503 })), noticed: ['overloaded'] },
  { name: '500', ...answering(both, () => ({ status: 500 })), noticed: ['server_error'] },
  {
    name: 'answers that are no lists',
    ...answering(['list'], () => ({ status: 200, body: '{}' })),
    noticed: ['server_error'],
  },
  { name: 'rights that were missing', ...answering(both, () => ({ status: 403 })), noticed: ['rbac_missing'] },
  { name: 'a CRD that was missing', ...answering(both, () => ({ status: 404 })), noticed: ['crd_not_installed'] },
  { name: 'refused credentials', ...answering(both, () => ({ status: 401 })), noticed: ['unauthorized'] },
  {
    name: 'watches that end at once',
    ...answering(['watch'], () => ({ status: 200, body: '' })),
    begin: async ({ fake: { server } }) => {
      server.fault = ({ verb }) => (verb === 'watch' ? { status: 200, body: '' } : undefined);
      server.watches.end();
    },
    noticed: ['short_lived'],
  },
  {
    name: 'a server that takes 8 s for each answer',
    begin: async ({ fake: { server, clock } }) => {
      server.fault = () => new Promise((resolve) => clock.setTimer(() => resolve(undefined), 8_000));
      server.watches.cut();
    },
    end: async ({ fake: { server } }) => {
      server.fault = undefined;
    },
    noticed: ['stream_broken'],
  },
  {
    name: 'events that come twice, and late',
    begin: async ({ fake }) => {
      fake.server.watches.repeating = true;
    },
    end: async ({ fake }) => {
      fake.server.watches.repeating = false;
    },
    noticed: [],
  },
  {
    name: 'a live watch that loses events',
    begin: async ({ fake }) => {
      fake.server.watches.lossy = true;
    },
    end: async ({ fake }) => {
      fake.server.watches.lossy = false;
    },
    noticed: ['diverged', 'idle'],
  },
];
