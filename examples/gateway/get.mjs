/** One GET that ends in time, on a connection of its own: behind a Service the next one may reach another replica. */
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';

const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Redirects are not followed: the token is for this host alone. A private authority: NODE_EXTRA_CA_CERTS.
 * @param {URL} url
 * @param {Record<string, string>} headers
 * @param {{deadline: number, signal: AbortSignal}} options milliseconds for all of it
 * @returns {Promise<{status: number, headers: Record<string, string>, body: unknown}>} `body`: parsed JSON, if there is any
 */
export async function getJson(url, headers, { deadline, signal }) {
  const { request } = url.protocol === 'https:' ? https : http;
  const within = AbortSignal.any([signal, AbortSignal.timeout(deadline)]);
  const req = request(url, { headers, agent: false, signal: within });
  req.on('error', () => {}); // also after the answer began; the reader below hears of it
  req.end();
  const [res] = await once(req, 'response', { signal: within });
  const chunks = [];
  let size = 0;
  for await (const chunk of res) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error('too large an answer');
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return { status: res.statusCode, headers: res.headers, body: text === '' ? undefined : JSON.parse(text) };
}
