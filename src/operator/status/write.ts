/** The writes: a status onto the object that it is about, then its Events. */
import type { EventRecorder, StatusWriter } from '../../kube/index.ts';
import type { ResourceType } from '../../kube/types.ts';
import type { Wanted } from './types.ts';

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
}

export class StatusWrites {
  readonly #settings: StatusWritesSettings;

  constructor(settings: StatusWritesSettings) {
    this.#settings = settings;
  }

  /**
   * @param signal ends it, whatever its outcome then is
   * @throws Conflict; TerminalError and KubeApiError as StatusWriter
   */
  async write(type: ResourceType, { object, status, news }: Wanted, signal: AbortSignal): Promise<void> {
    const { writer, recorder } = this.#settings;
    const outcome = await writer.write(type, object, status, { signal, deadlineMs: DEADLINE });
    if (outcome === 'conflict') throw new Conflict('the object is another by now');
    if (outcome !== 'written') return;
    const { apiVersion, kind, metadata } = object;
    // The recorder keeps it for a while: not the whole status with it.
    const regarding = { metadata, ...(apiVersion && { apiVersion }), ...(kind && { kind }) };
    for (const one of news) recorder.record({ regarding, action: 'Report', ...one });
  }
}
