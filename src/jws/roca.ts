/**
 * Whether an RSA modulus comes from the broken generator of CVE-2017-15361 (ROCA): its primes were powers of 65537
 * modulo the product of the first primes, so that modulo each of those the modulus is such a power too. By chance that
 * happens once in more than 2^100 moduli.
 */
export function isRocaModulus(modulus: Uint8Array): boolean {
  const n = BigInt(`0x${Buffer.from(modulus).toString('hex')}`);
  return POWERS.every(({ prime, powers }) => powers.has(Number(n % BigInt(prime))));
}

const GENERATOR = 65537;
const LARGEST_PRIME = 167;

const POWERS = oddPrimes(LARGEST_PRIME).map((prime) => {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * GENERATOR) % prime) powers.add(power);
  return { prime, powers };
});

function oddPrimes(limit: number): number[] {
  const primes: number[] = [];
  for (let n = 3; n <= limit; n += 2) if (primes.every((p) => n % p !== 0)) primes.push(n);
  return primes;
}
