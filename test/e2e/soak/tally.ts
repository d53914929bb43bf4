/** What was asked, answered and done, and what should never have been. */
import { quantile } from '../../../bench/lib/stats.ts';

export type QuestionKind = 'exchange' | 'verify' | 'forged' | 'keys' | 'revocations';

export interface Violation {
  readonly at: number;
  readonly what: string;
  /** All that a person needs to understand it. */
  readonly story: readonly string[];
}

const MOST_VIOLATIONS = 50;

export class Tally {
  readonly #answers = new Map<QuestionKind, Map<string, number>>();
  readonly #latencies = new Map<QuestionKind, number[]>();
  readonly #counts = new Map<string, number>();
  readonly #durations = new Map<string, number[]>();
  readonly #say: (line: string) => void;
  readonly violations: Violation[] = [];
  violationCount = 0;

  /** @param say is told of the first violations at once */
  constructor(say: (line: string) => void = console.log) {
    this.#say = say;
  }

  answer(kind: QuestionKind, what: string, ms: number): void {
    const answers = this.#answers.get(kind) ?? new Map<string, number>();
    this.#answers.set(kind, answers.set(what, (answers.get(what) ?? 0) + 1));
    const latencies = this.#latencies.get(kind) ?? [];
    this.#latencies.set(kind, latencies);
    latencies.push(ms);
  }

  /** One more of something: a fault, a write, a judgement. */
  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  counted(prefix: string): readonly (readonly [string, number])[] {
    return [...this.#counts]
      .filter(([what]) => what.startsWith(prefix))
      .map(([what, count]) => [what.slice(prefix.length), count] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  took(what: string, ms: number): void {
    this.#durations.set(what, [...(this.#durations.get(what) ?? []), ms]);
  }

  durations(): ReadonlyMap<string, readonly number[]> {
    return this.#durations;
  }

  violate(what: string, story: readonly string[]): void {
    this.violationCount += 1;
    const at = performance.now();
    if (this.violations.length < MOST_VIOLATIONS) this.violations.push({ at, what, story });
    if (this.violationCount <= 5) this.#say(`  ${(at / 1000).toFixed(3)} VIOLATION: ${what}`);
  }

  get answered(): number {
    return [...this.#latencies.values()].reduce((sum, some) => sum + some.length, 0);
  }

  kinds(): readonly { kind: QuestionKind; answers: ReadonlyMap<string, number>; p50: number; p99: number }[] {
    return [...this.#answers].map(([kind, answers]) => {
      const sorted = Float64Array.from(this.#latencies.get(kind) ?? []).sort();
      return { kind, answers, p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
    });
  }
}
