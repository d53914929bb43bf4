/** Which installation reports on an object, where a cluster has several. */
import type { Clock } from '../../clock.ts';
import { text } from '../errors.ts';

export interface ReportingSettings {
  readonly clock: Pick<Clock, 'monotonic'>;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** The only namespaces that are served; absent: all. */
  readonly scope?: ReadonlySet<string>;
  /** The namespaces that there are. */
  readonly namespaces: () => { has(name: string): boolean };
}

interface Reported {
  readonly metadata: { readonly namespace?: string | undefined };
  readonly status?: unknown;
}

/** Where Events about objects without a namespace lie. */
const DEFAULT_NAMESPACE = 'default';
/** Milliseconds for which another installation is remembered: every status is looked at more often. */
const REMEMBERED = 900_000;

/**
 * Who serves some namespaces signs what it writes, and whoever finds the signature of another installation that is there
 * leaves the status to it: two of them would write over each other for ever.
 */
export class Reporting {
  readonly #settings: ReportingSettings;
  /** By namespace of objects: the other installation, and when that was seen. */
  readonly #shared = new Map<string, { readonly other: string; readonly at: number }>();

  constructor(settings: ReportingSettings) {
    this.#settings = settings;
  }

  /** The namespace of the other installation whose status an object has. */
  otherOf({ metadata, status }: Reported): string | undefined {
    const { clock, namespace, namespaces } = this.#settings;
    const other = text(status, 'reportedBy');
    if (other === undefined || other === namespace || !namespaces().has(other)) return undefined;
    // What belongs to no namespace may be several installations' by right.
    if (metadata.namespace !== undefined) this.#shared.set(metadata.namespace, { other, at: clock.monotonic() });
    return other;
  }

  signed(status: object): object {
    const { reportedBy: _, ...rest } = status as { readonly reportedBy?: unknown };
    return this.#settings.scope ? { ...rest, reportedBy: this.#settings.namespace } : rest;
  }

  /** Whether Events about objects of a namespace, or of none, may be told: there is no right to elsewhere. */
  tells(namespace: string | undefined): boolean {
    return this.#settings.scope?.has(namespace ?? DEFAULT_NAMESPACE) ?? true;
  }

  /** Namespaces that another installation reports on too, with its own. */
  shared(): ReadonlyMap<string, string> {
    const since = this.#settings.clock.monotonic() - REMEMBERED;
    for (const [namespace, { at }] of this.#shared) if (at < since) this.#shared.delete(namespace);
    return new Map([...this.#shared].map(([namespace, { other }]) => [namespace, other]));
  }
}
