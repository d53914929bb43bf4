/** The reference verifier as a gateway runs it, with its types. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface GatewayContext {
  /** Of the resource. */
  readonly audience: string;
  /** As `GET /api/mint/keys` gives them. */
  readonly keys: readonly object[];
  /** The `entries` of `GET /api/mint/revocations`, better once through `indexRevocations`. */
  readonly revocations: object;
  /** Seconds. */
  readonly now: number;
  readonly call: object;
}

interface Gateway {
  indexRevocations(entries: readonly object[]): object;
  /** @throws Error whose `code` says why the call is refused */
  verify(token: string, context: GatewayContext): { readonly subject: string; readonly tenant: string };
}

const FILE = join(import.meta.dirname, '../../../examples/gateway/verify.mjs');
const { verify, indexRevocations } = (await import(pathToFileURL(FILE).href)) as Gateway;

export { indexRevocations, verify };
