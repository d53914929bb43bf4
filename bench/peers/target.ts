/** What the bench asks of each server it measures. */
import type { RunningServer } from '../lib/server.ts';

export interface Target {
  readonly name: string;
  readonly server: RunningServer;
  readonly path: string;
  readonly contentType: string;
  /** Requests in one measured slice, so that it lasts a second or more of server CPU. */
  readonly slice: number;
  /** Bodies for a slice, none of which was handed out before unless the target is about repeated ones. */
  bodies(count: number): string[];
  /** @throws Error unless the answer's body is what a good server gives */
  check(answer: string): void;
}
