import assert from 'node:assert/strict';
import { delegating, given, ISSUER, idOf, NAMES, type Name, READ, rule } from './delegation-support.ts';

describe('a delegation token of agents with long names', () => {
  it('P31: is not handed on to who would make the chain of actors larger than 8 KiB', async () => {
    const long = await delegating(NAMES.map((name) => rule(`type-${name}`, { actsFor: undefined })));
    const id = (name: Name) => idOf(name).padEnd(2047, name);
    const ask = async (name: Name, delegation: string | undefined, to?: Name) =>
      long.w.exchange(await long.proof(name, id(name)), {
        door: 'token_exchange',
        ...(delegation === undefined ? { scopes: [READ] } : { delegation }),
        ...(to && { audience: ISSUER, mayAct: JSON.stringify({ sub: id(to) }) }),
      });
    let token: string | undefined;
    for (const [name, to] of ['ab', 'bc', 'cd', 'de']) token = given(await ask(name as Name, token, to as Name)).token;
    assert.equal(long.why(await ask('e', token)), 'invalid_request too_deep');
  });
});
