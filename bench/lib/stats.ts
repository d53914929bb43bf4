/** The few statistics a bench needs. */

/** The middle of several rounds, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The value below which a share of the values lie, between neighbours by linear interpolation.
 *
 * @param sorted - ascending, not empty
 * @param share - 0 to 1: 0.5 is the median
 * @throws RangeError if there are no values
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) throw new RangeError('no values');
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

/** Median, least and greatest of the values, in any order. @throws RangeError if there are none */
export function spread(values: readonly number[]): Spread {
  const sorted = Float64Array.from(values).sort();
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** What `f` makes of the two values of each round. Ratios are taken within a round, where both saw the same machine. */
export function pairwise(a: readonly number[], b: readonly number[], f: (x: number, y: number) => number): number[] {
  if (a.length !== b.length) throw new RangeError('rounds differ in number');
  return a.map((x, i) => f(x, b[i] as number));
}

/** `3.42 (3.31–3.50)`: the median, and the range of the rounds. */
export function format({ median, min, max }: Spread, digits = 2): string {
  const text = (n: number) =>
    n.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text(median)} (${text(min)}–${text(max)})`;
}
