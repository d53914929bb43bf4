/** What an engine says of itself. */
import type { PoliciesReport, Vitals } from '../../src/exchange/types.ts';

export const REPORT: PoliciesReport = {
  generation: 'g1',
  staleSeconds: 7,
  readErrors: [{ source: 'bad.yaml', code: 'yaml', message: 'not YAML' }],
  objects: [
    {
      kind: 'TrustPolicy',
      uid: 'u1',
      namespace: 'ai-agents',
      name: 'research',
      served: true,
      phase: 'Active',
      rules: 3,
      conditions: [],
      problems: [],
    },
    {
      kind: 'ClusterTrustPolicy',
      uid: 'u2',
      name: 'broken',
      served: false,
      phase: 'Invalid',
      rules: 9,
      conditions: [],
      problems: [],
    },
  ],
  issuers: [
    {
      anchor: 'a1',
      provider: 'github',
      issuer: 'https://issuer.example',
      source: 'discovery',
      keys: 2,
      lastSuccess: null,
      error: 'refused',
    },
  ],
};

export const VITALS: Vitals = {
  maxStaleness: 600,
  maxVerifyStaleness: 1800,
  kinds: [],
  revocations: new Map([['token', 2]]),
  lingering: 1,
  ownKeys: new Map([
    ['next', 0],
    ['active', 1],
    ['retired', 2],
  ]),
  ownKeyAgeSeconds: 4711,
  ownKeyRotateSeconds: 2_592_000,
};
