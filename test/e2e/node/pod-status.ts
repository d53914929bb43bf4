/** What a kubelet says of a Pod. */
import type { Container, Pod } from './pod-types.ts';

export interface Terminated {
  readonly exitCode: number;
  readonly reason: string;
  readonly startedAt: string;
  readonly finishedAt: string;
}

export type State =
  | { readonly waiting: { readonly reason: string; readonly message?: string } }
  | { readonly running: { readonly startedAt: string } }
  | { readonly terminated: Terminated };

/** A container as it is now. */
export interface Live {
  readonly spec: Container;
  state: State;
  lastState: { terminated?: Terminated };
  restarts: number;
  started: boolean;
  ready: boolean;
  imageId: string;
}

export interface Said {
  readonly init: readonly Live[];
  readonly main: readonly Live[];
  readonly address: string | undefined;
  readonly startTime: string;
  /** Why it will never run. */
  readonly refusal: string | undefined;
}

export const live = (spec: Container): Live => ({
  spec,
  state: { waiting: { reason: 'ContainerCreating' } },
  lastState: {},
  restarts: 0,
  started: false,
  ready: false,
  imageId: '',
});

const hasEnded = ({ state }: Live) => 'terminated' in state;
export const exitCodeOf = ({ state }: Live) => ('terminated' in state ? state.terminated.exitCode : undefined);

/** @param before the conditions as they were said last, by type: their times stay where nothing changed */
export function statusOf(pod: Pod, said: Said, before: Map<string, { status: string; at: string }>): object {
  const { init, main, address, startTime, refusal } = said;
  const initialized = init.every((one) => exitCodeOf(one) === 0);
  const ready = initialized && main.every((one) => one.ready);
  const phase = phaseOf(pod, said);
  const isOver = phase === 'Succeeded' || phase === 'Failed';
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string, holds: boolean, reason?: string) => {
    const status = holds ? 'True' : 'False';
    const last = before.get(type);
    if (last?.status !== status) before.set(type, { status, at: now });
    return { type, status, lastTransitionTime: before.get(type)!.at, ...(!holds && reason && { reason }) };
  };
  const unready = isOver && phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady';
  return {
    phase,
    ...(refusal && { reason: 'NotPlayed', message: refusal }),
    hostIP: '127.0.0.1',
    hostIPs: [{ ip: '127.0.0.1' }],
    ...(address && { podIP: address, podIPs: [{ ip: address }] }),
    startTime,
    conditions: [
      condition('PodScheduled', true),
      condition('PodReadyToStartContainers', address !== undefined && !isOver),
      condition('Initialized', initialized, 'ContainersNotInitialized'),
      condition('Ready', ready && !isOver, unready),
      condition('ContainersReady', ready && !isOver, unready),
    ],
    initContainerStatuses: init.map(containerStatus),
    containerStatuses: main.map(containerStatus),
  };
}

function phaseOf({ spec: { restartPolicy = 'Always' } }: Pod, { init, main, refusal }: Said): string {
  if (refusal) return 'Failed';
  if (restartPolicy === 'Never' && init.some((one) => (exitCodeOf(one) ?? 0) !== 0)) return 'Failed';
  if (main.every(hasEnded)) return main.every((one) => exitCodeOf(one) === 0) ? 'Succeeded' : 'Failed';
  return main.some((one) => 'running' in one.state || hasEnded(one) || one.restarts > 0) ? 'Running' : 'Pending';
}

function containerStatus({ spec, state, lastState, restarts, started, ready, imageId }: Live): object {
  const { name, image } = spec;
  return { name, image, imageID: imageId, state, lastState, restartCount: restarts, started, ready };
}
