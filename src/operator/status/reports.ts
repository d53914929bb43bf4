/** What the snapshot in use says of each object, and what lint adds. */
import type { Clock } from '../../clock.ts';
import type { ObjectReport, Problem, Snapshot } from '../../policy/types.ts';

export interface ReportsSettings {
  readonly clock: Clock;
  readonly snapshot: () => Snapshot | undefined;
  /** Lints the objects that the snapshot was compiled from, step by step. */
  readonly lint: () => Iterator<unknown, readonly ObjectReport[]>;
}

/** `problems` are the compiler's; `findings` are what is unwise all the same. */
export interface FullReport extends ObjectReport {
  readonly findings: readonly Problem[];
}

/** Linting compares all with all, and exchanges wait meanwhile: it may take one part in so many of the time. */
const SHARE = 20;
/** Milliseconds after which it lets others have their turn. */
const SLICE = 10;
const NONE: readonly Problem[] = [];

export class Reports {
  readonly #settings: ReportsSettings;
  #linted: { readonly generation: string; readonly findings: ReadonlyMap<string, Found> } | undefined;
  #lintAt = Number.NEGATIVE_INFINITY;
  #full:
    | { readonly of: Snapshot; readonly with: unknown; readonly reports: ReadonlyMap<string, FullReport> }
    | undefined;

  constructor(settings: ReportsSettings) {
    this.#settings = settings;
  }

  /** By uid. Empty while nothing is served. */
  current(): ReadonlyMap<string, FullReport> {
    const snapshot = this.#settings.snapshot();
    if (!snapshot) return new Map();
    if (this.#full?.of === snapshot && this.#full.with === this.#linted) return this.#full.reports;
    const found = this.#linted?.findings;
    const reports = new Map(
      snapshot.reports.map((report) => {
        const known = found?.get(report.uid);
        // Those of another generation are about something that is gone.
        const findings = known && known.generation === report.generation ? known.findings : NONE;
        return [report.uid, { ...report, findings }];
      }),
    );
    this.#full = { of: snapshot, with: this.#linted, reports };
    return reports;
  }

  /**
   * Lints what is served, unless that was just done. What is quickly linted is so before this returns.
   * @param signal ends it, with nothing found
   * @returns milliseconds after which to ask again, where it has to wait; undefined if all is linted
   * @throws whatever lint does; it is not tried again with the same objects
   */
  async lint(signal: AbortSignal): Promise<number | undefined> {
    const { clock, snapshot, lint } = this.#settings;
    const served = snapshot();
    if (!served || served.generation === this.#linted?.generation) return undefined;
    let began = clock.monotonic();
    if (began < this.#lintAt) return this.#lintAt - began;
    let spent = 0;
    let findings: ReadonlyMap<string, Found> = new Map();
    try {
      const steps = lint();
      let step = steps.next();
      for (; !step.done; step = steps.next()) {
        const took = clock.monotonic() - began;
        if (took < SLICE) continue;
        spent += took;
        await new Promise((resolve) => setImmediate(resolve));
        if (signal.aborted) return undefined;
        began = clock.monotonic();
      }
      findings = findingsOf(step.value, served);
    } finally {
      if (!signal.aborted) this.#linted = { generation: served.generation, findings };
      const now = clock.monotonic();
      this.#lintAt = now + SHARE * (spent + now - began);
    }
    return undefined;
  }
}

interface Found {
  readonly generation: number | undefined;
  readonly findings: readonly Problem[];
}

/** Lint's reports are the compiler's with more problems in them. By uid. */
function findingsOf(linted: readonly ObjectReport[], { reports }: Snapshot): Map<string, Found> {
  const compiled = new Map(reports.map((report) => [report.uid, report.problems]));
  const found = new Map<string, Found>();
  for (const { uid, generation, problems } of linted) {
    if (problems.length === 0) continue;
    const said = new Set(compiled.get(uid)?.map(({ code, path }) => `${code} ${path}`));
    const findings = problems.filter(
      ({ severity, code, path }) => severity === 'warning' && !said.has(`${code} ${path}`),
    );
    if (findings.length > 0) found.set(uid, { generation, findings });
  }
  return found;
}
