/** Lets everything that needs no timer happen. */
export async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** "Random" bytes that give the same fraction of 1 each time: 0 is the least jitter, 0.5 the middle. */
export function steady(fraction: number): (n: number) => Uint8Array {
  return (n) => new Uint8Array(n).fill(Math.floor(fraction * 256));
}
