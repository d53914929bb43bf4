#!/usr/bin/env node
/** `kubectl_complete-trustmint`: what kubectl asks for completions of its plugin `trustmint`. */
import { run } from './program.ts';

const [node = '', file = '', ...words] = process.argv;
process.exitCode = await run([node, file, '__complete', ...words]);
