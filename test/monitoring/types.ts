/** One story of numbers, and whether somebody is told. */
export interface Case {
  readonly alert: string;
  /** What happens, as a person would say it. */
  readonly when: string;
  /** Series in Prometheus's notation → values as promtool takes them, one a minute: `1x5 0x20`, `0+60x30`. */
  readonly series: Readonly<Record<string, string>>;
  /** When one looks, as `12m`; where nobody is told, in the hour up to then. */
  readonly at: string;
  /** Empty: the alert keeps silent. */
  readonly fires: readonly Fired[];
}

export interface Fired {
  /** Beside alertname. */
  readonly labels: Readonly<Record<string, string>>;
  /** What whoever is told reads. */
  readonly description: string;
}

/** The labels of whatever one installation's replica says. */
export const HOME = { namespace: 'trustmint-system', job: 'trustmint-ops' } as const;

/** @returns a series of the replica `instance`, as Prometheus writes it */
export function series(name: string, labels: Readonly<Record<string, string>> = {}, instance = 'a:8444'): string {
  const all = Object.entries({ ...HOME, instance, ...labels }).map(
    ([label, value]) => `${label}=${JSON.stringify(value)}`,
  );
  return `${name}{${all.join(',')}}`;
}
