/** The reference verifier as a gateway runs it, with its types. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export interface GatewayContext {
  /** Of the resource. */
  readonly audience: string;
  /** As `GET /api/mint/keys` gives them. */
  readonly keys: readonly object[];
  /** As `GET /api/mint/revocations` gives them. */
  readonly revocations: readonly object[];
  /** Seconds. */
  readonly now: number;
  readonly call: object;
}

interface Gateway {
  /** @throws Error whose message says why the call is refused */
  verify(token: string, context: GatewayContext): { readonly subject: string; readonly tenant: string };
}

const FILE = join(import.meta.dirname, '../../../examples/gateway/verify.mjs');
const { verify } = (await import(pathToFileURL(FILE).href)) as Gateway;

export { verify };
