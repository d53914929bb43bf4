import { type AskPeer, install as installPeer, type PythonPeer, pythonPeer } from './python-peer.ts';

const PYMACAROONS: PythonPeer = {
  name: 'pymacaroons-0.13.0',
  packages: ['pymacaroons==0.13.0', 'PyNaCl==1.5.0', 'six==1.16.0'],
  script: 'pymacaroons_peer.py',
};

/** The folder that holds it; undefined where it cannot be installed. */
export const install = (): string | undefined => installPeer(PYMACAROONS);

/** Asks pymacaroons one question of `pymacaroons_peer.py`. */
export type AskPymacaroons = AskPeer;

/** For `before`: how to ask, or the test is skipped, loudly; on CI it fails instead. */
export const pymacaroons = (test: Mocha.Context): AskPymacaroons => pythonPeer(test, PYMACAROONS);
