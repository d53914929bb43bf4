/** How metrics are declared, and made of their declarations. The reference is generated from these tables. */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface Definition {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /**
   * By name: every value that it may take (a counter has each from the start, at 0), or what bounds its values. Nothing a
   * caller sends is ever one.
   */
  readonly labels?: Readonly<Record<string, readonly string[] | string>>;
  /** Upper bounds, ascending. */
  readonly buckets?: readonly number[];
}

export type Table = Readonly<Record<string, Definition>>;

type Labels<D> = D extends { readonly labels: infer L } ? keyof L & string : never;
type Named<T extends Table, Type extends Definition['type']> = {
  [N in keyof T]: T[N]['type'] extends Type ? N : never;
}[keyof T] &
  string;

/** Makes what a table declares, in one registry. */
export class Instruments<T extends Table> {
  readonly #table: T;
  readonly #registers: Registry[];

  constructor(table: T, registry: Registry) {
    this.#table = table;
    this.#registers = [registry];
  }

  counter<N extends Named<T, 'counter'>>(name: N): Counter<Labels<T[N]>> {
    const { help, labels = {} } = this.#table[name] as Definition;
    const counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: this.#registers });
    for (const set of allSets(labels)) counter.inc(set, 0);
    return counter as Counter<Labels<T[N]>>;
  }

  /** Without labels it is 0 from the start: `remove()` it where that would be a promise. */
  gauge<N extends Named<T, 'gauge'>>(name: N): Gauge<Labels<T[N]>> {
    const { help, labels = {} } = this.#table[name] as Definition;
    return new Gauge({ name, help, labelNames: Object.keys(labels), registers: this.#registers }) as Gauge<
      Labels<T[N]>
    >;
  }

  histogram<N extends Named<T, 'histogram'>>(name: N): Histogram<Labels<T[N]>> {
    const { help, labels = {}, buckets = [] } = this.#table[name] as Definition;
    const labelNames = Object.keys(labels);
    const histogram = new Histogram({ name, help, labelNames, buckets: [...buckets], registers: this.#registers });
    for (const set of allSets(labels)) if (labelNames.length > 0) histogram.zero(set);
    return histogram as Histogram<Labels<T[N]>>;
  }
}

/** Every combination of values; none where one label's are not known beforehand. */
function allSets(labels: NonNullable<Definition['labels']>): Record<string, string>[] {
  let sets: Record<string, string>[] = [{}];
  for (const [name, values] of Object.entries(labels)) {
    if (typeof values === 'string') return [];
    sets = sets.flatMap((set) => values.map((value) => ({ ...set, [name]: value })));
  }
  return sets;
}
