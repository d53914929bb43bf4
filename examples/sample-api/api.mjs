/** The API: notes of users, which agents write for them. */
import express from 'express';
import { createGuard, metadataPath } from './bearer.mjs';

const MAX_NOTES = 1_000;

/**
 * @param {object} options
 * @param {(token: string) => Promise<import('./access-token.mjs').Caller>} options.verify
 * @param {string} options.resource this API's identifier: its public URL
 * @param {string} options.issuer where its tokens come from
 * @param {string} options.writeScope what a token needs to write
 * @param {(message: string) => void} [options.log]
 */
export function createApi({ verify, resource, issuer, writeScope, log = () => {} }) {
  const notes = [];
  const guard = createGuard({ verify, resource, log });
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  // RFC 9728: how a client that was refused finds out where to get a token. Public, for pages of any site too.
  app.get([...new Set([metadataPath(resource), '/.well-known/oauth-protected-resource'])], (_req, res) => {
    res.set({ 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'max-age=3600' }).json({
      resource,
      authorization_servers: [issuer],
      scopes_supported: [writeScope],
      bearer_methods_supported: ['header'],
      resource_name: 'Sample API',
    });
  });

  app.use((_req, res, next) => {
    res.set('Cache-Control', 'no-store');
    next();
  });

  app.get('/whoami', guard(), ({ caller }, res) => {
    const { who, onBehalfOf, tenant, client, scopes } = caller;
    res.json({ who, onBehalfOf, tenant, client, scopes });
  });

  /** Whose a note is: a subject is one within its tenant only. The actor has no part in it. */
  const isOf = (caller) => (note) => note.tenant === caller.tenant && note.subject === caller.subject;

  app.get('/notes', guard(), ({ caller }, res) => {
    res.json({ notes: notes.filter(isOf(caller)).map(({ text, writtenBy }) => ({ text, writtenBy })) });
  });

  app.post('/notes', guard(writeScope), express.json({ limit: '16kb' }), ({ caller, body }, res) => {
    const { text } = body ?? {};
    if (typeof text !== 'string' || text === '' || text.length > 4_000)
      return res.status(400).json({ error: 'invalid_request', error_description: 'give a text' });
    const { who, subject, tenant } = caller;
    notes.push({ tenant, subject, text, writtenBy: who });
    if (notes.length > MAX_NOTES) notes.shift();
    log(`a note of ${tenant} ${subject}, written by ${who}`);
    res.status(201).json({ text, writtenBy: who });
  });

  app.use((_req, res) => res.status(404).json({ error: 'not_found' }));
  app.use((error, _req, res, next) => {
    if (res.headersSent) return next(error);
    const status = error.expose ? error.status : 500;
    if (status === 500) log(`failed: ${error.stack}`);
    res.status(status).json({ error: status === 500 ? 'server_error' : 'invalid_request' });
  });
  return app;
}
