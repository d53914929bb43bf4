/** Starts the API as its environment says; README.md lists the variables. */
import { createVerifier } from './access-token.mjs';
import { createApi } from './api.mjs';

const { env } = process;
const need = (name) => {
  if (!env[name]) throw new Error(`set ${name}`);
  return env[name];
};
const log = (message) => console.error(new Date().toISOString(), message);

const issuer = need('ISSUER');
const verify = createVerifier({
  issuer,
  jwksUrl: env.JWKS_URL ?? `${issuer}/oauth2/jwks`,
  audience: env.AUDIENCE ?? 'sample-api-a',
  algorithms: (env.ALGORITHMS ?? 'ES256').split(','),
});
const writeScope = env.WRITE_SCOPE ?? 'sample-api-a:write';
const api = createApi({ verify, issuer, resource: need('RESOURCE_URL'), writeScope, log });

const { hostname, port } = new URL(`http://${env.LISTEN ?? '127.0.0.1:9000'}`);
const server = api.listen(port === '' ? 80 : Number(port), hostname.replace(/^\[|\]$/g, ''), (error) => {
  if (error) throw error;
  const { address, port: bound } = server.address();
  log(`listening on ${address}:${bound}`);
});
process.once('SIGTERM', () => server.close());
