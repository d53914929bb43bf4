import { randomBytes } from 'node:crypto';
import { certificateMaker } from '../../src/certificates/index.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const YEAR = 365 * DAY;
export const START = Date.parse('2026-01-01T00:00:00Z');
export const NAMES = ['trustmint.trustmint-system.svc', 'localhost'] as const;

export const make = certificateMaker({ random: (n) => randomBytes(n) });
