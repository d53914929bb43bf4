import assert from 'node:assert/strict';
import { agentRegistration } from '../../src/api/v1alpha1/index.ts';
import { agentOf, TraitsPool } from '../../src/policy/index.ts';

const pool = new TraitsPool();

type Spec = Record<string, unknown>;

function agent(name: string, spec: Spec = {}) {
  const identity = { spiffe: { trustDomain: 'cluster.local' } };
  const object = agentRegistration.parse({
    apiVersion: 'trustmint.dev/v1alpha1',
    kind: 'AgentRegistration',
    metadata: { name, namespace: 'agents' },
    spec: { agentType: 'global-worker', userId: 'alice', identity, ...spec },
  });
  return agentOf(object as Parameters<typeof agentOf>[0], pool);
}

describe('AgentRegistration', () => {
  const refused = (spec: object) => assert.throws(() => agent('x', spec as Spec), JSON.stringify(spec));
  it('has a user who is no other subject, however it is written', () => {
    for (const userId of ['a:b', 'user:a', 'a/b', 'a b', 'a%20', '', '*', '-a', 'a\n', 'ä', 'a'.repeat(129)])
      refused({ userId });
    for (const userId of ['alice', 'Alice.B@example.com', 'auth0|5f7c8ec7', '0123']) agent('x', { userId });
  });

  it('has a type that can stand in a SPIFFE path and as a client_id', () => {
    for (const agentType of ['a:b', 'a/b', 'trustmint:x', 'user:a', '', 'a b', '.a', 'a'.repeat(64)])
      refused({ agentType });
  });

  it('has exactly one identity', () => {
    refused({ identity: { serviceAccount: { namespace: 'ns', name: 'sa', podUid: 'x' } } });
    refused({ identity: { spiffe: { trustDomain: 'Cluster.Local' } } });
    refused({ identity: { spiffe: { trustDomain: 'spiffe://cluster.local' } } });
    for (const name of ['A', 'a_b', 'a/b', '', '-']) assert.throws(() => agent(name));
  });

  it('has traits in common with others, which are held once', () => {
    assert.equal(agent('x').traits, agent('y').traits);
    assert.notEqual(agent('x').traits, agent('y', { agentType: 'other' }).traits);
  });
});
