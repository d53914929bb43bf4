/** `trustmint dev issuer`. */
import { createDevIssuer } from '../dev/index.ts';
import type { ListenAddress } from './flags.ts';
import { type Io, stopped } from './io.ts';

/** Serves identities until told to stop; prints where, and how to ask for a token. */
export async function devIssuer(flags: { listen: ListenAddress }, io: Io): Promise<void> {
  const issuer = await createDevIssuer({ host: flags.listen.host, port: flags.listen.port });
  try {
    io.stderr.write(
      `listening url=${issuer.url} github=${issuer.githubUrl} request-token=${issuer.requestToken}\n` +
        `a service-account token: curl -s ${issuer.url}/token -H 'content-type: application/json' ` +
        `-d '{"kind":"service-account","namespace":"ai-agents","serviceAccount":"research-agent","audience":"satgate"}'\n` +
        `a GitHub token: ACTIONS_ID_TOKEN_REQUEST_URL='${issuer.actionsUrl}' ACTIONS_ID_TOKEN_REQUEST_TOKEN=… (above)\n`,
    );
    await stopped(io.signal);
  } finally {
    await issuer.close();
  }
}
