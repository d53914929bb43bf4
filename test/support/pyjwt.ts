import { type AskPeer, type PythonPeer, pythonPeer } from './python-peer.ts';

const PYJWT: PythonPeer = {
  name: 'PyJWT-2.10.1',
  packages: ['PyJWT==2.10.1', 'cryptography==44.0.0', 'cffi==2.0.0', 'pycparser==2.23'],
  script: 'pyjwt_peer.py',
};

/** For `before`: how to ask PyJWT, or the test is skipped, loudly; on CI it fails instead. */
export const pyjwt = (test: Mocha.Context): AskPeer => pythonPeer(test, PYJWT);
