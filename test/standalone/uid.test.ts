import assert from 'node:assert/strict';
import { UID_NAMESPACE, uidOf, uuidv5 } from '../../src/standalone/index.ts';

describe('uids', () => {
  it('are version 5 UUIDs of kind/namespace/name in a documented namespace (RFC 9562 §5.5)', () => {
    const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    assert.equal(uuidv5(dns, 'www.example.com'), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
    assert.equal(uuidv5(dns, 'trustmint.dev'), UID_NAMESPACE);
    assert.equal(uidOf('TrustPolicy', 'default', 'a'), uuidv5(UID_NAMESPACE, 'TrustPolicy/default/a'));
    assert.equal(uidOf('ClusterTrustPolicy', undefined, 'a'), uuidv5(UID_NAMESPACE, 'ClusterTrustPolicy//a'));
  });

  it('do not change between versions: grants and budgets hang on them', () => {
    assert.equal(uidOf('TrustPolicy', 'default', 'a'), 'c3c6e3a4-87ac-5241-b826-e1d84112d476');
    assert.equal(uidOf('ClusterTrustPolicy', undefined, 'ci'), '23a886b1-51dd-526b-b436-d73446983203');
  });
});
