/** The writes: a status onto the object that it is about, then its Events. */
import type { EventRecorder, StatusWriter } from '../../kube/index.ts';
import type { ResourceType } from '../../kube/types.ts';
import type { Reporting } from './reporting.ts';
import type { PolicyEnd, Wanted } from './types.ts';

/** Milliseconds: less than a Lease lasts beyond the moment at which its holder stops to be the leader. */
const DEADLINE = 4_000;

/** The object is another by now. To be tried again, and no failure. */
export class Conflict extends Error {
  override readonly name = 'Conflict';
  readonly code = 'conflict';
}

export interface StatusWritesSettings {
  readonly writer: Pick<StatusWriter, 'write'>;
  readonly recorder: Pick<EventRecorder, 'record'>;
  readonly record: (end: PolicyEnd) => Promise<void>;
  readonly tell: (what: string, error: unknown) => void;
  /** Absent: there is one installation. */
  readonly reporting?: Reporting | undefined;
}

/** Ends that are in the audit, whose status may not be written yet; beyond so many the oldest are forgotten. */
const MAX_RECORDED = 4_096;

const SHARED = { reason: 'two installations watch one namespace' };

export class StatusWrites {
  readonly #settings: StatusWritesSettings;
  readonly #recorded = new Set<string>();

  constructor(settings: StatusWritesSettings) {
    this.#settings = settings;
  }

  /**
   * @param signal ends it, whatever its outcome then is
   * @throws Conflict; TerminalError and KubeApiError as StatusWriter
   */
  async write(type: ResourceType, { object, status, news, end }: Wanted, signal: AbortSignal): Promise<void> {
    const { writer, recorder, reporting, tell } = this.#settings;
    const other = reporting?.otherOf(object);
    if (other !== undefined) {
      if (object.metadata.namespace !== undefined)
        tell(`${object.metadata.namespace} is reported on by ${other} too`, SHARED);
      return;
    }
    // What the status says already was recorded before: who leads next need not do it again.
    if (end) await this.#recordOnce(end);
    const written = reporting?.signed(status) ?? status;
    const outcome = await writer.write(type, object, written, { signal, deadlineMs: DEADLINE });
    if (outcome === 'conflict') throw new Conflict('the object is another by now');
    if (outcome !== 'written') return;
    const { apiVersion, kind, metadata } = object;
    // The recorder keeps it for a while: not the whole status with it.
    const regarding = { metadata, ...(apiVersion && { apiVersion }), ...(kind && { kind }) };
    if (!(reporting?.tells(metadata.namespace) ?? true)) return;
    for (const one of news) recorder.record({ regarding, action: 'Report', ...one });
  }

  async #recordOnce(end: PolicyEnd): Promise<void> {
    const { record, tell } = this.#settings;
    if (this.#recorded.has(end.uid)) return;
    this.#recorded.add(end.uid);
    if (this.#recorded.size > MAX_RECORDED) this.#recorded.delete(this.#recorded.values().next().value!);
    try {
      await record(end);
    } catch (error) {
      // People who wait for the status wait for no audit log.
      tell('an audit record cannot be written', error);
    }
  }
}
