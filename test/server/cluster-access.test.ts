import assert from 'node:assert/strict';
import type { Access } from '../../src/server/index.ts';
import { ask, post, start, stopAll } from './support.ts';

type Verdict = Awaited<ReturnType<Access['authorize']>>;
type Question = Parameters<Access['authorize']>;

/** Every guarded route: what it asks, and about which resource. */
const ROUTES = [
  {
    name: 'verify',
    kind: 'verifier',
    listener: 'url',
    send: (u: string, h = {}) => post(`${u}/api/mint/verify`, { token: 't', resource: 'r' }, h),
  },
  {
    name: 'keys',
    kind: 'verifier',
    listener: 'url',
    send: (u: string, headers = {}) => ask(`${u}/api/mint/keys?resource=r`, { headers }),
  },
  {
    name: 'revocations',
    kind: 'verifier',
    listener: 'url',
    send: (u: string, headers = {}) => ask(`${u}/api/mint/revocations?resource=r`, { headers }),
  },
  {
    name: 'policies',
    kind: 'policies',
    listener: 'opsUrl',
    send: (u: string, headers = {}) => ask(`${u}/policies`, { headers }),
  },
  {
    name: 'explain',
    kind: 'explain',
    listener: 'opsUrl',
    send: (u: string, h = {}) => post(`${u}/explain`, { credentials: 'p' }, h),
  },
] as const;

for (const { name, kind, listener, send } of ROUTES) {
  describe(`who may ask ${name} in a cluster`, () => {
    afterEach(stopAll);

    async function begin(verdict: (question: Question) => Verdict) {
      const asked: Question[] = [];
      const access: Access = {
        async authorize(...question) {
          asked.push(question);
          return verdict(question);
        },
      };
      const h = await start({ access });
      return { url: h[listener], asked, engine: h.engine };
    }

    it('whoever the cluster lets', async () => {
      const { url, asked } = await begin(([, bearer]) => (bearer === 'good' ? 'ok' : 'unauthorized'));
      assert.equal((await send(url, { Authorization: 'Bearer good' })).status, 200);
      const about =
        kind === 'verifier'
          ? [
              [kind, 'good', undefined],
              [kind, 'good', 'r'],
            ]
          : [[kind, 'good', undefined]];
      assert.deepEqual(asked, about);
    });

    it('nobody else, though he is on this machine', async () => {
      const { url, asked } = await begin(([, bearer]) => (bearer === 'good' ? 'ok' : 'unauthorized'));
      for (const headers of [{}, { Authorization: 'Basic good' }, { Authorization: 'Bearer good good' }]) {
        const answer = await send(url, headers);
        assert.equal(answer.status, 401);
        assert.equal(answer.headers['www-authenticate'], 'Bearer realm="trustmint"');
      }
      const refused = await send(url, { Authorization: 'Bearer other' });
      assert.equal(refused.status, 401);
      assert.equal(refused.headers['www-authenticate'], 'Bearer realm="trustmint", error="invalid_token"');
      assert.deepEqual(
        asked.map(([, bearer]) => bearer),
        [undefined, undefined, undefined, 'other'],
      );
    });

    it('403 and 503 are told from 401', async () => {
      for (const [verdict, status] of [
        ['forbidden', 403],
        ['unavailable', 503],
      ] as const) {
        const { url } = await begin(() => verdict);
        const answer = await send(url, { Authorization: 'Bearer good' });
        assert.equal(answer.status, status);
        if (status === 503) assert.equal(answer.headers['retry-after'], '2');
      }
    });

    if (kind === 'verifier') {
      it('no verifier of another resource, and the engine is not asked', async () => {
        const { url, engine } = await begin(([, , resource]) => (resource === 'r' ? 'unauthorized' : 'ok'));
        assert.equal((await send(url, { Authorization: 'Bearer good' })).status, 401);
        assert.equal(engine.verified.length, 0);
      });
    }
  });
}
