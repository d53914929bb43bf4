/** The engine: ExchangeRequest → outcome. No HTTP here. */
export { createEngine } from './engine.ts';
export type { RateLimit } from './rate-limit.ts';
export type { EngineSettings } from './settings.ts';
export type * from './types.ts';
export type { View } from './view.ts';
