/** Counts exchanges: on the hot path, so that it looks nothing up by labels and makes no object a request. */
import type { Clock } from '../../clock.ts';
import type { Family, Sample } from './exposition.ts';

/** Milliseconds for which a bucket keeps its exemplar: what scrapes would not see is not worth storing. */
const KEEP = 1_000;

/** A histogram without labels; each bucket remembers one request of the last second that it had one. */
export class ExemplarHistogram {
  readonly name: string;
  readonly #help: string;
  readonly #label: string;
  readonly #clock: Clock;
  readonly #bounds: Float64Array;
  /** Of each bucket alone, not of those below it. */
  readonly #counts: Float64Array;
  readonly #ids: string[];
  readonly #values: Float64Array;
  /** Monotonic milliseconds. */
  readonly #seen: Float64Array;
  #sum = 0;

  /** @param label the name under which exemplars have their id */
  constructor(name: string, help: string, bounds: readonly number[], label: string, clock: Clock) {
    this.name = name;
    this.#help = help;
    this.#label = label;
    this.#clock = clock;
    this.#bounds = Float64Array.from([...bounds, Number.POSITIVE_INFINITY]);
    const size = this.#bounds.length;
    this.#counts = new Float64Array(size);
    this.#ids = new Array<string>(size).fill('');
    this.#values = new Float64Array(size);
    this.#seen = new Float64Array(size).fill(Number.NEGATIVE_INFINITY);
  }

  /**
   * @param id of the request: at most 100 printable ASCII characters, or none of it is shown
   * @param now monotonic milliseconds
   */
  observe(value: number, id: string, now: number): void {
    let bucket = 0;
    while (value > this.#bounds[bucket]!) bucket += 1;
    this.#counts[bucket]! += 1;
    this.#sum += value;
    if (now - this.#seen[bucket]! < KEEP) return;
    this.#ids[bucket] = id;
    this.#values[bucket] = value;
    this.#seen[bucket] = now;
  }

  /** In the form that a registry takes. */
  get(): Family {
    const samples: Sample[] = [];
    let total = 0;
    for (const [i, bound] of this.#bounds.entries()) {
      total += this.#counts[i]!;
      const le = bound === Number.POSITIVE_INFINITY ? '+Inf' : bound;
      samples.push({ metricName: `${this.name}_bucket`, labels: { le }, value: total, exemplar: this.#exemplarOf(i) });
    }
    samples.push({ metricName: `${this.name}_sum`, labels: {}, value: this.#sum });
    samples.push({ metricName: `${this.name}_count`, labels: {}, value: total });
    return { name: this.name, help: this.#help, type: 'histogram', values: samples };
  }

  #exemplarOf(bucket: number) {
    const id = this.#ids[bucket]!;
    if (id === '' || id.length > 100 || !/^[!-~]+$/.test(id)) return null;
    const age = this.#clock.monotonic() - this.#seen[bucket]!;
    const at = (this.#clock.now() - age) / 1_000;
    return { labels: { [this.#label]: id }, value: this.#values[bucket]!, at };
  }
}

/** Counts by stable code. */
export class CodeCounter {
  readonly name: string;
  readonly #help: string;
  readonly #counts = new Map<string, { n: number }>();

  /** @param codes there from the start, at 0 */
  constructor(name: string, help: string, codes: readonly string[]) {
    this.name = name;
    this.#help = help;
    for (const code of codes) this.#counts.set(code, { n: 0 });
  }

  inc(code: string): void {
    const known = this.#counts.get(code);
    if (known) known.n += 1;
    else this.#counts.set(code, { n: 1 });
  }

  /** In the form that a registry takes. */
  get(): Family {
    const values = [...this.#counts].map(([code, { n }]) => ({ labels: { result: resultOf(code), code }, value: n }));
    return { name: this.name, help: this.#help, type: 'counter', values };
  }
}

function resultOf(code: string): string {
  if (code === 'ok') return 'granted';
  return code === 'server_error' || code === 'temporarily_unavailable' ? 'failed' : 'refused';
}
