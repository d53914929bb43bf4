/** An Event (events.k8s.io/v1) as the API takes it. */
import { microTime } from './lease.ts';
import { boundedText } from './text.ts';
import type { KubeObject, ResourceType } from './types.ts';

export const EVENTS: ResourceType = { group: 'events.k8s.io', version: 'v1', plural: 'events', namespaced: true };

/** Where Events about cluster-scoped objects lie. */
const DEFAULT_NAMESPACE = 'default';
const MAX_NOTE = 1_024;
const MAX_WORD = 128;

export interface EventToRecord {
  /** Its kind and apiVersion must be there: what a list gives may lack them. */
  readonly regarding: Pick<KubeObject, 'apiVersion' | 'kind'> & {
    readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string };
  };
  readonly type: 'Normal' | 'Warning';
  /** CamelCase: why. */
  readonly reason: string;
  /** CamelCase: what was done or failed. */
  readonly action: string;
  /** For people; cut to 1,024 characters. */
  readonly note: string;
}

/** Who tells it, when, and what makes its name unique. */
export interface EventSource {
  /** `example.com/operator`. */
  readonly controller: string;
  /** This process, as `<pod>`. */
  readonly instance: string;
  /** Hexadecimal. */
  readonly suffix: string;
  /** epoch milliseconds. */
  readonly at: number;
}

export interface EventSeries {
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

/** Occurrences, as the API counts them: only a second makes a series. */
export function seriesOf(count: number, lastObserved: number): EventSeries {
  return count > 1 ? { series: { count, lastObservedTime: microTime(lastObserved) } } : {};
}

export function namespaceOf({ regarding }: EventToRecord): string {
  return regarding.metadata.namespace ?? DEFAULT_NAMESPACE;
}

/** Equal for what counts as the same Event. The note is part of it: another text is other news. */
export function keyOf({ regarding, type, reason, action, note }: EventToRecord): string {
  return JSON.stringify([regarding.metadata.uid, regarding.kind, type, reason, action, boundedText(note, MAX_NOTE)]);
}

export function eventObject(event: EventToRecord, source: EventSource, told: EventSeries) {
  const { regarding, type, reason, action, note } = event;
  const { name, uid, namespace } = regarding.metadata;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${name.slice(0, 200).replace(/[^a-z0-9]+$/, '')}.${source.suffix}`,
      namespace: namespaceOf(event),
    },
    eventTime: microTime(source.at),
    reportingController: source.controller,
    reportingInstance: boundedText(source.instance, MAX_WORD),
    regarding: {
      apiVersion: regarding.apiVersion,
      kind: regarding.kind,
      name,
      uid,
      ...(namespace !== undefined && { namespace }),
    },
    type,
    reason: reason.slice(0, MAX_WORD),
    action: action.slice(0, MAX_WORD),
    note: boundedText(note, MAX_NOTE),
    ...told,
  };
}
