/** The generated pages of docs/reference, beside that of the resources. */
import { caveatsPage } from './caveats.ts';
import { codesPage } from './codes/index.ts';
import { flagsPage } from './flags.ts';
import { metricsPage } from './metrics.ts';

export { unexplained } from './codes/index.ts';

/** Paths from the root → texts. */
export function generatedReference(): Map<string, string> {
  return new Map([
    ['docs/reference/caveats.md', caveatsPage()],
    ['docs/reference/codes.md', codesPage()],
    ['docs/reference/flags.md', flagsPage()],
    ['docs/reference/metrics.md', metricsPage()],
  ]);
}
