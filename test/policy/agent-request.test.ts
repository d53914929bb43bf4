import assert from 'node:assert/strict';
import { readAgentAsked } from '../../src/policy/index.ts';

const IDENTITY = { spiffe: { trustDomain: 'cluster.local', tenantId: 'tenant-1' } };
const SPEC = { agentType: 'worker', userId: 'alice', identity: IDENTITY };

describe('what an orchestrator asks for when it registers an agent', () => {
  it('says which member is missing, in words for people', () => {
    const { userId: _, ...less } = SPEC;
    assert.deepEqual(readAgentAsked({ spec: less }, 0), { fault: 'userId: required' });
    assert.deepEqual(readAgentAsked({ spec: { ...SPEC, identity: { spiffe: {} } } }, 0), {
      fault: 'identity.spiffe.trustDomain: required',
    });
    assert.ok('spec' in readAgentAsked({ spec: SPEC }, 0));
  });
});
