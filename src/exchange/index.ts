/** The engine: ExchangeRequest → outcome. No HTTP here. */
export { createEngine } from './engine.ts';
export { codeAt, type OAuthCode } from './oauth-codes.ts';
export type { RateLimit } from './rate-limit.ts';
export type { EngineSettings } from './settings.ts';
export type * from './types.ts';
export type { View } from './view.ts';
