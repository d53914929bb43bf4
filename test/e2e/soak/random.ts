/** Chance that can be had again: the same seed, the same draws. */
export interface Chance {
  /** From 0 up to 1. */
  next(): number;
  /** A whole number from 0 up to `count`. */
  below(count: number): number;
  between(least: number, most: number): number;
  /** Whether something of this probability happens. */
  is(probability: number): boolean;
  /** One of them; undefined if there are none. */
  of<T>(list: readonly T[]): T | undefined;
  /** One by its weight; 0: never. */
  weighed<T>(weights: readonly (readonly [T, number])[]): T;
  /** A source of its own: what one part of a run draws does not change what another does. */
  split(): Chance;
}

/** Mulberry32. @param seed any whole number */
export function chance(seed: number): Chance {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return {
    next,
    below,
    between: (least, most) => least + next() * (most - least),
    is: (probability) => next() < probability,
    of: (list) => list[below(list.length)],
    weighed(weights) {
      let left = next() * weights.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [value, weight] of weights) {
        if (left < weight) return value;
        left -= weight;
      }
      throw new RangeError('no weights');
    },
    split: () => chance(below(2 ** 32)),
  };
}
