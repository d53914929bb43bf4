/** Resources that take JWTs, beside one that takes macaroons, and a rule that gives all of them. */
import { agents, resource, type World } from './support.ts';

export const ISSUER = 'https://mint.example';
export const JWT = { tokenType: 'JWT', scopes: ['a:r', 'a:w'] };
export const API = resource('api', { audience: 'api-audience', ...JWT, limits: { maxTtl: '30m' } });
export const FILES = resource('files', { audience: 'files', scopes: ['f:r'] });
export const BARE = resource('bare', { audience: 'bare', tokenType: 'JWT' });
export const giving = (issue: object) =>
  agents([
    {
      name: 'api',
      match: { serviceAccount: '*' },
      issue: { resources: ['api', 'files', 'bare'], scopes: ['a:r', 'a:w', 'f:r'], ttl: '8h', ...issue },
    },
  ]);
export const OBJECTS = [API, FILES, BARE, giving({})] as const;

export function verdict(answer: ReturnType<World['verify']>) {
  if ('granted' in answer) return answer.code;
  return answer.active ? 'active' : (answer.reason ?? 'inactive');
}
