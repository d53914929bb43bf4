/** `trustmint policy lint|convert`. */
import { basename, extname } from 'node:path';
import { systemClock } from '../clock.ts';
import { compile, lint, type ObjectReport, type PolicyObjects, type Problem } from '../policy/index.ts';
import { convert, printProblem, printYaml, readManifestFiles, readText } from '../standalone/index.ts';
import { CliError } from './errors.ts';
import { readInput } from './input.ts';
import type { Io } from './program.ts';
import { objectName } from './report.ts';
