import assert from 'node:assert/strict';
import { OBJECTS } from './jwt-support.ts';
import { resource, world } from './support.ts';

describe('what we say we have', () => {
  it('is the scopes of the resources that take JWTs, sorted, and nothing while nothing is served', async () => {
    const w = await world([...OBJECTS, resource('b', { audience: 'b', tokenType: 'JWT', scopes: ['Z', 'a:a'] })]);
    assert.deepEqual(w.engine.discovery(), { issuer: 'https://mint.example', scopes: ['Z', 'a:a', 'a:r', 'a:w'] });
    assert.equal(w.engine.discovery().scopes, w.engine.discovery().scopes, 'made once of what is served');
    w.unserve();
    assert.deepEqual(w.engine.discovery().scopes, []);
  });

  it('is the first thousand, of more', async () => {
    const scopes = (n: number) => Array.from({ length: 64 }, (_, i) => `s${n}:${i}`);
    const many = Array.from({ length: 20 }, (_, n) => {
      return resource(`r${n}`, { audience: `r${n}`, tokenType: 'JWT', scopes: scopes(n) });
    });
    assert.equal((await world(many)).engine.discovery().scopes.length, 1000);
  });
});
