/** `trustmint dev issuer`. */
import { createDevIssuer } from '../dev/index.ts';
import type { ListenAddress } from './flags.ts';
import { type Io, stopped } from './io.ts';

/** Serves identities until told to stop; prints where, and how to ask for a token. */
export async function devIssuer(flags: { listen: ListenAddress; trustDomain: string }, io: Io): Promise<void> {
  const { listen, trustDomain } = flags;
  const issuer = await createDevIssuer({ host: listen.host, port: listen.port, trustDomain });
  try {
    io.stderr.write(
      `listening url=${issuer.url} github=${issuer.githubUrl} request-token=${issuer.requestToken}\n` +
        `a service-account token: curl -s ${issuer.url}/token -H 'content-type: application/json' ` +
        `-d '{"kind":"service-account","namespace":"ai-agents","serviceAccount":"research-agent","audience":"satgate"}'\n` +
        `the bundle of spiffe://${trustDomain}: ${issuer.bundleUrl}\n` +
        `an SVID: curl -s ${issuer.url}/token -H 'content-type: application/json' ` +
        `-d '{"kind":"spiffe","path":"/agent/tenant-1/alice/global-worker/agent-1","audience":"satgate"}'\n` +
        `a GitHub token: ACTIONS_ID_TOKEN_REQUEST_URL='${issuer.actionsUrl}' ACTIONS_ID_TOKEN_REQUEST_TOKEN=… (above)\n`,
    );
    await stopped(io.signal);
  } finally {
    await issuer.close();
  }
}
