/** The gateway of the examples as others see it: plain JavaScript, whose shapes stand here once. */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Call, ResourceKey, RevocationFeedEntry } from '../../src/exchange/index.ts';
import type { FakeClock } from '../support/fake-clock.ts';

const FOLDER = resolve(import.meta.dirname, '../../examples/gateway');
const load = async (name: string) => await import(pathToFileURL(join(FOLDER, name)).href);

export interface Caller {
  readonly subject: string;
  readonly tenant: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly accounts: readonly { readonly id: string; readonly limit?: number }[];
}

export interface Current {
  readonly keys: readonly Pick<ResourceKey, 'kid' | 'key'>[];
  readonly revocations: unknown;
  /** Seconds. */
  readonly now: number;
}

export type Verify = (token: string, context: Current & { readonly audience: string; readonly call: Call }) => Caller;

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body?: unknown;
}

export type Get = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: { readonly deadline: number; readonly signal: AbortSignal },
) => Promise<Answered>;

export interface FeedOptions {
  readonly urls: readonly string[];
  readonly resource: string;
  readonly tokenFile?: string;
  readonly readToken?: () => Promise<string>;
  readonly interval?: number;
  readonly limit?: number;
  readonly deadline?: number;
  readonly get?: Get;
  readonly clock?: object;
  readonly random?: () => number;
  readonly log?: (message: string) => void;
}

export interface Feed {
  current(): Current;
  start(): Promise<void>;
  stop(): void;
}

export const { verify, indexRevocations } = (await load('verify.mjs')) as {
  verify: Verify;
  indexRevocations: (entries: readonly RevocationFeedEntry[]) => unknown;
};
export const { createFeed, Unavailable } = (await load('feed.mjs')) as {
  createFeed: (options: FeedOptions) => Feed;
  Unavailable: new (code: string) => Error;
};
export const { getJson } = (await load('get.mjs')) as { getJson: Get };
export const { createBudgets } = (await load('budgets.mjs')) as {
  createBudgets: () => { spend(accounts: Caller['accounts'], cost: number): boolean };
};
export const { createGateway } = (await load('gateway.mjs')) as {
  createGateway: (options: object) => import('node:http').Server;
};

/** Our clock for tests in the form that the feed takes. */
export const clockOf = (clock: FakeClock) => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  setTimeout: (task: () => void, ms: number) => clock.setTimer(task, ms),
  clearTimeout: (timer: ReturnType<FakeClock['setTimer']> | undefined) => timer?.cancel(),
});

/** The `code` of what it throws; what it returns otherwise. */
export function codeOf<T>(ask: () => T): T | string {
  try {
    return ask();
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
