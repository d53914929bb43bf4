/** What a scrape says, read back. */
import { ask, type Harness } from '../support.ts';

export const OPEN = 'application/openmetrics-text; version=1.0.0';

/** The text of a scrape. */
export async function scrape({ opsUrl }: Pick<Harness, 'opsUrl'>, accept?: string): Promise<string> {
  return (await ask(`${opsUrl}/metrics`, { ...(accept !== undefined && { headers: { Accept: accept } }) })).text;
}

/** Every series with its value, as `name{labels}` → number; exemplars are left out. */
export function series(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [sample = ''] = line.split(' # ');
    const at = sample.lastIndexOf(' ');
    found.set(sample.slice(0, at), sample.slice(at + 1));
  }
  return found;
}
