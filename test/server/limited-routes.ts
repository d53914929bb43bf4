import { PROOF } from './support.ts';

export const JSON_ROUTE = {
  type: 'application/json',
  bad: [
    ['that is not JSON', '{"', /not valid JSON/],
    ['that is a list', '[]', /JSON object/],
    ['that repeats a member', '{"resource":"a","resource":"b"}', /twice/],
    ['with an unknown member', '{"__proto__":{}}', /unknown member __proto__/],
    ['nested without end', `{"claims":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, /nested/],
  ],
} as const;
const FORM_ROUTE = {
  type: 'application/x-www-form-urlencoded',
  bad: [
    ['that is not percent-encoded', 'grant_type=%', /percent-encoded/],
    ['that repeats a parameter', 'scope=a&scope=b', /twice/],
    ['of too many parameters', '&'.repeat(100), /parameters/],
  ],
} as const;
const ASSERTED = `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=${PROOF}`;
const CREDENTIALS = JSON.stringify({ credentials: PROOF });

/** One route before express and one behind it, on each listener: the limits and the rendering are the same for all. */
export const ROUTES = [
  { name: 'the hot exchange route', listener: 'url', path: '/api/mint/exchange', good: CREDENTIALS, ...JSON_ROUTE },
  { name: 'the hot token route', listener: 'url', path: '/oauth2/token', good: ASSERTED, ...FORM_ROUTE },
  {
    name: 'the express verify route',
    listener: 'url',
    path: '/api/mint/verify',
    good: '{"token":"t","resource":"r"}',
    ...JSON_ROUTE,
  },
  { name: 'the express revoke route', listener: 'url', path: '/oauth2/revoke', good: 'token=t', ...FORM_ROUTE },
  { name: 'the express explain route', listener: 'opsUrl', path: '/explain', good: CREDENTIALS, ...JSON_ROUTE },
] as const;
