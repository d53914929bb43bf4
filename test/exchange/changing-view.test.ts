import assert from 'node:assert/strict';
import { agents, RESEARCH, world } from './support.ts';

describe('an exchange while what is served changes', () => {
  it('is decided by what is served once the proof is verified, which may have taken seconds', async () => {
    const w = await world([agents([RESEARCH])]);
    const outcome = w.exchange(await w.proof());
    w.serve(agents([RESEARCH], { state: 'Suspended' }));
    assert.deepEqual([(await outcome).granted, w.record().refused.reason], [false, 'policy_suspended']);
    const gone = w.exchange(await w.proof());
    w.unserve();
    const refused = await gone;
    assert.equal(!refused.granted && refused.code, 'temporarily_unavailable');
    w.serve(agents([{ ...RESEARCH, match: { serviceAccount: 'other' } }]));
    const late = w.exchange(await w.proof());
    w.serve(agents([RESEARCH]));
    assert.equal((await late).granted, true);
  });

  it('is put off where what is served changes each time that its proof is verified', async () => {
    const flicker = await world([agents([RESEARCH])], {
      proofs: {
        async verify() {
          verified += 1;
          flicker.serve(agents([RESEARCH], {}, `p-${verified}`));
          return [];
        },
      },
    });
    let verified = 0;
    const outcome = await flicker.exchange(await flicker.proof());
    assert.deepEqual([!outcome.granted && outcome.code, verified], ['temporarily_unavailable', 4]);
  });
});
