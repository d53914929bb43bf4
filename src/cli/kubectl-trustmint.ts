#!/usr/bin/env node
/** `kubectl trustmint …`: kubectl runs what is on the PATH under this name. */
import { processIo } from './io.ts';
import { run } from './program.ts';

process.exitCode = await run(process.argv, processIo, 'kubectl trustmint');
