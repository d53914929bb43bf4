import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import {
  bundleOf,
  type Certificates,
  keepUp,
  PUBLISHED_BEFORE,
  readCertificates,
  renewalOf,
  textsOf,
} from '../../src/certificates/index.ts';
import { DAY, HOUR, make, NAMES, START, YEAR } from './support.ts';

const NONE: Certificates = { authorities: [] };
const at = (held: Certificates, now: number, names: readonly string[] = NAMES) => keepUp(held, { names, now, make });
const cert = (held: Certificates) => held.leaf!.certificate.toString();

/** What a client does that has this bundle: chain, time, name. */
function accepts(bundle: string, leaf: X509Certificate, now: number, name: string): boolean {
  const trusted = bundle.split(/(?<=-----END CERTIFICATE-----\n)/).map((pem) => new X509Certificate(pem));
  const lives = (one: X509Certificate) => Date.parse(one.validFrom) <= now && now <= Date.parse(one.validTo);
  const signer = trusted.find((one) => leaf.checkIssued(one) && leaf.verify(one.publicKey));
  return signer !== undefined && lives(signer) && lives(leaf) && leaf.checkHost(name) !== undefined;
}

describe('certificates that are kept up', () => {
  it('are made once, and stay the same until the leaf is due: 30 days before its end', async () => {
    const first = await at(NONE, START);
    assert.equal(first.authorities.length, 1);
    assert.deepEqual(first.leaf.names, NAMES);
    for (const days of [0, 1, 30, 59]) {
      const later = await at(first, START + days * DAY);
      assert.equal(later.leaf, first.leaf);
      assert.deepEqual(later.authorities, first.authorities);
    }
    const due = renewalOf(first.leaf);
    assert.ok(Math.abs(first.leaf.until - due - 30 * DAY) < 2 * HOUR);
    const renewed = await at(first, due);
    assert.notEqual(cert(renewed), cert(first));
    assert.deepEqual(renewed.authorities, first.authorities);
    assert.notEqual(renewed.leaf.key, first.leaf.key);
  });

  it('are accepted by a clock an hour behind as soon as they are made', async () => {
    const { authorities, leaf } = await at(NONE, START);
    for (const behind of [0, HOUR, HOUR + 5 * 60_000])
      assert.ok(accepts(bundleOf(authorities), leaf.certificate, START - behind, NAMES[0]), `${behind} ms behind`);
  });

  it('are not renewed by a clock that is behind', async () => {
    const first = await at(NONE, START);
    for (const back of [HOUR, DAY, 20 * YEAR]) assert.equal((await at(first, START - back)).leaf, first.leaf);
  });

  it('Services that are new are in a new leaf by the same CA; those of the version before stay until the next renewal', async () => {
    const first = await at(NONE, START, ['a.x.svc']);
    const both = await at(first, START + DAY, ['b.x.svc', 'c.x.svc']);
    assert.deepEqual(both.leaf.names, ['b.x.svc', 'c.x.svc', 'a.x.svc']);
    assert.deepEqual(both.authorities, first.authorities);
    assert.equal(
      (await at(both, START + DAY, ['a.x.svc'])).leaf,
      both.leaf,
      'a replica of the version before leaves it',
    );
    const renewed = await at(both, renewalOf(both.leaf), ['b.x.svc', 'c.x.svc']);
    assert.deepEqual(renewed.leaf.names, ['b.x.svc', 'c.x.svc']);
  });

  it('a name of another kind needs another CA: it is published for an hour, while the old names go on, and then signs', async () => {
    const first = await at(NONE, START, ['a.x.svc']);
    const names = ['a.x.svc', 'mint.example.com'];
    const published = await at(first, START + DAY, names);
    assert.equal(published.authorities.length, 2);
    assert.equal(published.leaf, first.leaf);
    const waiting = await at(published, START + DAY + HOUR / 2, names);
    assert.deepEqual(waiting, published, 'one, and no more');
    const after = START + DAY + HOUR;
    const signed = await at(waiting, after, names);
    assert.deepEqual(signed.authorities, published.authorities);
    for (const name of names)
      assert.ok(accepts(bundleOf(published.authorities), signed.leaf.certificate, after, name), name);
    assert.deepEqual(
      (await at(signed, after, ['a.x.svc', 'b.x.svc', 'eu.mint.example.com'])).authorities,
      published.authorities,
    );
    assert.deepEqual(
      (await at(signed, renewalOf(signed.leaf), ['mint.example.com'])).authorities,
      published.authorities,
    );
  });

  it('names that change again and again do not pile up without end', async () => {
    let held: Certificates = NONE;
    for (let i = 0; i < 100; i++) held = await at(held, START, [`name-${i}.x.svc`, 'always.x.svc']);
    assert.ok(held.leaf!.names.length <= 64);
    assert.ok(held.leaf!.names.includes('name-99.x.svc') && held.leaf!.names.includes('always.x.svc'));
  });

  it('CAs for names of other kinds do not pile up without end', async () => {
    let held: Certificates = NONE;
    for (let i = 0; i < 20; i++) held = await at(held, START + i * DAY, [`mint-${i}.example.com`]);
    assert.ok(held.authorities.length <= 9);
    assert.ok(held.leaf!.names.includes('mint-18.example.com'));
  });

  it('the next CA is published a year before it signs, and the old one until its end', async () => {
    let held: Certificates = NONE;
    const events: { at: number; what: string }[] = [];
    let published = new Set<string>();
    let signer = '';
    for (let day = 0; day < 11 * 365; day += 10) {
      held = await at(held, START + day * DAY);
      const now = new Set(held.authorities.map(({ certificate }) => certificate.subject));
      for (const one of now) if (!published.has(one)) events.push({ at: day, what: `${one} published` });
      for (const one of published) if (!now.has(one)) events.push({ at: day, what: `${one} gone` });
      published = now;
      const by = held.leaf!.certificate.issuer;
      if (by !== signer) events.push({ at: day, what: `${by} signs` });
      signer = by;
      assert.ok(held.leaf!.until <= Math.max(...held.authorities.map(({ until }) => until)));
    }
    assert.deepEqual(
      events.map(({ what }) => what.replace(/^CN=Trustmint CA \w{8} /, '')),
      ['published', 'signs', 'published', 'signs', 'gone'],
    );
    const [first, , second, takesOver, gone] = events;
    assert.ok(second!.at >= 8 * 365 && second!.at < 8.1 * 365);
    assert.ok(takesOver!.at - second!.at >= PUBLISHED_BEFORE / DAY);
    assert.equal(gone!.what.split(' published')[0]!.slice(0, 24), first!.what.slice(0, 24));
  });

  for (const [what, harm, same] of [
    ['its key', { 'tls.key': '' }, true],
    ['its certificate', { 'tls.crt': 'rubbish' }, true],
    ['another key', { 'tls.key': 'other' }, true],
    ["the CA's key", { 'ca.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n' }, true],
    ['everything', { 'ca.crt': '', 'ca.key': '', 'tls.crt': '', 'tls.key': '' }, false],
  ] as const) {
    it(`without ${what} ${same ? 'go on by the same CA as far as it goes' : 'begin anew'}`, async () => {
      const first = await at(NONE, START);
      const other = await at(NONE, START);
      const harmed = { ...textsOf(first), ...harm };
      if ('tls.key' in harm && harm['tls.key'] === 'other') harmed['tls.key'] = other.leaf.key;
      const mended = await at(readCertificates(harmed), START + DAY);
      const trusted = accepts(bundleOf(first.authorities), mended.leaf.certificate, START + DAY, NAMES[0]);
      assert.equal(trusted, same);
      assert.equal(mended.authorities.filter(({ key }) => key).length, 1);
      assert.ok(accepts(bundleOf(mended.authorities), mended.leaf.certificate, START + DAY, NAMES[0]));
    });
  }

  it('a CA of others in the bundle is published with ours, and never signs', async () => {
    const first = await at(NONE, START);
    const other = await at(NONE, START);
    const texts = { ...textsOf(first), 'ca.crt': bundleOf([...other.authorities, ...first.authorities]) };
    const both = await at(readCertificates(texts), renewalOf(first.leaf));
    assert.equal(both.authorities.length, 2);
    assert.equal(both.leaf.certificate.issuer, first.leaf.certificate.issuer);
  });

  it('are read as they were written, and nothing that is read fails', async () => {
    const texts = textsOf(await at(NONE, START));
    assert.deepEqual(textsOf(readCertificates(texts)), texts);
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(texts) as (keyof typeof texts)[])),
        fc.nat(2_000),
        fc.string({ maxLength: 40 }),
        (key, place, junk) => {
          const text = texts[key];
          const harmed = { ...texts, [key]: text.slice(0, place) + junk + text.slice(place + junk.length) };
          readCertificates(harmed);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('at any time over the years, whoever has the bundle of up to 300 days ago accepts what is served', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            // Looks are minutes apart; what matters is how far apart they may be.
            days: fc.integer({ min: 1, max: 40 }),
            names: fc.constantFrom(['a.x.svc'], ['a.x.svc', 'b.x.svc'], ['a.x.svc', 'c.x.svc']),
            clock: fc.integer({ min: -5 * 60_000, max: 5 * 60_000 }),
          }),
          { minLength: 200, maxLength: 260 },
        ),
        fc.integer({ min: 0, max: 300 }),
        async (steps, old) => {
          let held: Certificates = NONE;
          let now = START;
          const bundles: { at: number; text: string }[] = [];
          for (const { days, names, clock } of steps) {
            now += days * DAY;
            held = await at(readCertificates(textsOf(held)), now + clock, names);
            bundles.push({ at: now, text: bundleOf(held.authorities) });
            const known = bundles.findLast((one) => now - one.at >= old * DAY) ?? bundles[0]!;
            for (const name of names)
              for (const behind of [-HOUR, 0, HOUR])
                assert.ok(
                  accepts(known.text, held.leaf!.certificate, now + behind, name),
                  `${name} at ${new Date(now)}`,
                );
          }
        },
      ),
      { numRuns: 3 },
    );
  });
});
