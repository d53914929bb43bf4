import assert from 'node:assert/strict';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { formatFor, render } from '../../../src/server/metrics/exposition.ts';
import { type Harness, post, start, stopAll } from '../support.ts';
import { OPEN, scrape, series } from './support.ts';

describe('the formats of /metrics', () => {
  let h: Harness;
  beforeEach(async () => {
    h = await start();
  });
  afterEach(stopAll);

  it('OpenMetrics is what who asks for it first gets; others get text', () => {
    const prometheus =
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2';
    for (const accept of [
      prometheus,
      OPEN,
      'application/openmetrics-text',
      'Application/OpenMetrics-Text; version=1.0.0',
    ])
      assert.equal(formatFor(accept), 'openmetrics', accept);
    for (const accept of [
      undefined,
      '',
      '*/*',
      'text/plain',
      'text/html,application/xml;q=0.9',
      'application/openmetrics-text; version=2.0.0',
      'application/openmetrics-text;q=0',
      'application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.8',
      'application/openmetrics-text;q=x',
    ])
      assert.equal(formatFor(accept), 'text', accept);
  });

  it('says which it is, and that the answer depends on what was asked', async () => {
    const plain = await fetch(`${h.opsUrl}/metrics`);
    assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.doesNotMatch(await plain.text(), /# EOF| # \{/);
    const open = await fetch(`${h.opsUrl}/metrics`, { headers: { Accept: OPEN } });
    assert.equal(open.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8');
    assert.equal(open.headers.get('vary'), 'Accept');
    assert.match(await open.text(), /[^\n]\n# EOF\n$/);
  });

  it('both have the same numbers of the same series', async () => {
    for (const credentials of ['a', 'b', 'c']) await post(`${h.url}/api/mint/exchange`, { credentials });
    const steady = ([name]: [string, string]) => !/^(process|nodejs)_/.test(name);
    const text = [...series(await scrape(h))].filter(steady);
    const open = [...series(await scrape(h, OPEN))].filter(steady);
    const plainBounds = ([name, value]: [string, string]) => [name.replace(/le="(\d+)\.0"/, 'le="$1"'), value];
    assert.deepEqual(open.map(plainBounds), text.map(plainBounds));
    assert.ok(text.length > 60);
  });

  it('an exchange is the exemplar of its bucket: its correlation id, as it was answered', async () => {
    h.engine.onExchange = async () => {
      await h.clock.advance(30);
      return { granted: false, code: 'no_matching_policy', message: 'no' };
    };
    const { json } = await post(`${h.url}/api/mint/exchange`, { credentials: 'a' });
    await h.clock.advance(10_000);
    const lines = (await scrape(h, OPEN)).split('\n').filter((line) => line.includes(' # {'));
    const at = (h.clock.now() - 10_000) / 1_000;
    assert.deepEqual(lines, [
      `trustmint_exchange_duration_seconds_bucket{le="0.05"} 1 # {correlation_id="${json.correlation_id}"} 0.03 ${at.toFixed(3)}`,
    ]);
  });

  it('a bucket keeps its exemplar for a second', async () => {
    const ids: string[] = [];
    for (const wait of [0, 999, 1]) {
      await h.clock.advance(wait);
      ids.push((await post(`${h.url}/api/mint/exchange`, { credentials: 'a' })).json.correlation_id);
    }
    const text = await scrape(h, OPEN);
    assert.deepEqual(
      ids.map((id) => text.includes(id)),
      [false, false, true],
    );
  });

  it('labels and help with quotes, backslashes and line ends stay one line; numbers are as Go writes them', async () => {
    const registry = new Registry();
    const registers = [registry];
    new Gauge({ name: 'g', help: 'a "b"\\\nc', labelNames: ['l'], registers }).set({ l: 'x"y\\\nz' }, 1e-9);
    new Counter({ name: 'c_total', help: 'c', registers }).inc(2e21);
    new Histogram({ name: 'h', help: 'h', buckets: [1e-8, 0.5, 1, 10], registers }).observe(1);
    new Gauge({ name: 'i', help: 'i', registers }).set(Number.POSITIVE_INFINITY);
    new Gauge({ name: 'n', help: 'n', registers }).set(Number.NaN);
    const le = (one: string, ten: string) =>
      `# HELP h h\n# TYPE h histogram\nh_bucket{le="1e-08"} 0\nh_bucket{le="0.5"} 0\nh_bucket{le="${one}"} 1\nh_bucket{le="${ten}"} 1\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1`;
    const rest = '# HELP i i\n# TYPE i gauge\ni +Inf';
    const nan = '# HELP n n\n# TYPE n gauge\nn NaN';
    const value = 'g{l="x\\"y\\\\\\nz"} 1e-09';
    assert.equal(
      await render(registry, 'text'),
      `${[`# HELP g a "b"\\\\\\nc\n# TYPE g gauge\n${value}`, '# HELP c_total c\n# TYPE c_total counter\nc_total 2e+21', le('1', '10'), rest, nan].join('\n\n')}\n`,
    );
    assert.equal(
      await render(registry, 'openmetrics'),
      `${[`# HELP g a \\"b\\"\\\\\\nc\n# TYPE g gauge\n${value}`, '# HELP c c\n# TYPE c counter\nc_total 2e+21', le('1.0', '10.0'), rest, nan].join('\n')}\n# EOF\n`,
    );
  });
});
