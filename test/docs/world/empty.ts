/** The world `empty`: a directory as a clone has it, a certificate in tls.crt and tls.key, and nothing that runs. */

import { certify, serveWorld, WORK } from './inside.ts';
import { cloneIn } from './namespace.ts';

cloneIn(WORK);
await serveWorld(certify(['mint.example.com']));
