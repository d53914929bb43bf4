import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { dnsNames, namespaceNames } from '../../src/cli/flags.ts';
import { run } from '../../src/cli/program.ts';

const CLUSTER = ['serve', '--issuer', 'https://mint.svc'];
const SELF = ['--tls-self-signed', 'mint.svc'];

describe('the flags of a certificate of our own', () => {
  async function said(...args: string[]): Promise<string> {
    const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const ends = run(['node', 'trustmint', ...args], {
      stdin,
      stdout,
      stderr,
      signal: AbortSignal.abort(),
    } as unknown as Parameters<typeof run>[1]);
    assert.notEqual(await ends, 0);
    stderr.end();
    return text(stderr);
  }

  for (const [what, args, why] of [
    [
      'two sources of one certificate',
      [...SELF, '--tls-cert=a', '--tls-key=b'],
      /--tls-cert or --tls-self-signed, not both/,
    ],
    ['a Secret for nothing', ['--tls-secret=mine'], /--tls-secret goes with --tls-self-signed/],
    ['a ConfigMap for nothing', ['--ca-config-map=mine'], /--ca-config-map goes with --tls-self-signed/],
    ['namespaces for nothing', ['--ca-namespaces=a,b'], /--ca-namespaces goes with --tls-self-signed/],
    ['a laptop', [...SELF, '--manifests=.'], /--tls-self-signed goes without --manifests/],
    ['an address', ['--tls-self-signed=10.0.0.1'], /give at most 32 DNS names, as/],
    ['a wildcard', ['--tls-self-signed=*.example.com'], /give at most 32 DNS names/],
    ['no name', ['--tls-self-signed='], /give at most 32 DNS names/],
    ['a URL', ['--tls-self-signed=https://mint.svc'], /give at most 32 DNS names/],
    ['a Secret of another namespace', [...SELF, '--tls-secret=a/b'], /give the name of an object/],
    ['a namespace that cannot be', [...SELF, '--ca-namespaces=a,B'], /give at most 100 namespaces/],
  ] as const) {
    it(`refuse ${what}`, async () => assert.match(await said(...CLUSTER, ...args), why));
  }

  it('take names with spaces between them, twice, and in capitals, for what they are', () => {
    assert.deepEqual(dnsNames('Mint.SVC, localhost,mint.svc'), ['mint.svc', 'localhost']);
    assert.deepEqual(dnsNames('1password.com,a1.b-2'), ['1password.com', 'a1.b-2']);
    assert.deepEqual(namespaceNames('a, b,a'), ['a', 'b']);
    assert.throws(() => dnsNames(`${'a'.repeat(64)}.com`));
    assert.throws(() => dnsNames(Array.from({ length: 33 }, (_, i) => `n${i}.x`).join()));
  });
});
