/** For each alert: when somebody is told, and when not. */
import type { Case } from '../types.ts';
import { KEYS } from './keys.ts';
import { OPERATOR } from './operator.ts';
import { SERVING } from './serving.ts';
import { TRENDS } from './trends.ts';
import { VIEW } from './view.ts';

export const CASES: readonly Case[] = [...SERVING, ...TRENDS, ...VIEW, ...KEYS, ...OPERATOR];
