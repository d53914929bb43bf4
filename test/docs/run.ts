/** Runs the blocks of the pages in their worlds: one test for each block. */
import assert from 'node:assert/strict';
import { jsonDifferences, missingLines } from './looks.ts';
import { type Fence, parseConsole, parsePage } from './markdown.ts';
import { type Outcome, runBlocks } from './session.ts';
import { PAGES, read } from './support.ts';
import type { World, WorldKind } from './world/index.ts';

const MUST_RUN = Boolean(process.env.CI);

/** The blocks of a page that a world has to do with, in order. */
function blocksOf(page: string, world: string): Fence[] {
  const { fences } = parsePage(page);
  const mine = ({ marker }: Fence) => marker?.does === 'run' && marker.world === world;
  let last: Fence | undefined;
  const chosen = fences.filter((fence) => {
    if (fence.marker?.does === 'run') last = fence;
    if (fence.marker?.does === 'output') return last !== undefined && mine(last) && fence.marker.of === undefined;
    return mine(fence) || fence.marker?.does === 'file';
  });
  return chosen.some(mine) ? chosen : [];
}

function assertShown(shown: Fence, out: string): void {
  const about = `what ${shown.page}:${shown.line} shows is not what was printed:\n${out}`;
  if (shown.language !== 'json') assert.deepEqual(missingLines(shown.text, out), [], about);
  else assert.deepEqual(jsonDifferences(JSON.parse(shown.text), JSON.parse(out)), [], about);
}

function check(fence: Fence, index: number, fences: readonly Fence[], outcomes: readonly Outcome[]): void {
  const outcome = outcomes[index]!;
  if (fence.marker?.does === 'output') {
    const from = outcomes.slice(0, index).findLast((_, i) => fences[i]!.marker?.does === 'run');
    assertShown(fence, from?.out ?? '');
    return;
  }
  assert.ok(outcome.done, `${fence.text}\nprinted: ${outcome.out}\nand on standard error: ${outcome.err}`);
  if (fence.language !== 'console') return;
  const shown = parseConsole(fence)
    .map(({ output }) => output)
    .join('');
  assertShown({ ...fence, text: shown }, outcome.out);
}

/** Declares the tests of these worlds; where they cannot be, they are skipped, but not on CI. */
export function describeWorlds(worlds: Readonly<Record<string, WorldKind>>, can: boolean): void {
  for (const [name, kind] of Object.entries(worlds)) {
    const pages = PAGES.filter((page) => read(page).includes(`<!-- run: ${name}`));
    describe(`The commands of the docs, in the world "${name}"`, function () {
      this.timeout(300_000);
      let shared: World | undefined;
      before(async function () {
        if (!can && !MUST_RUN) this.skip();
        if (!kind.perPage) shared = await kind.start();
      });
      after(() => shared?.stop());

      for (const page of pages) {
        const fences = blocksOf(page, name);
        describe(page, () => {
          let outcomes: Outcome[] = [];
          before(async () => {
            const world = shared ?? (await kind.start());
            try {
              outcomes = await runBlocks(world, fences, page.replaceAll('/', '-'));
            } finally {
              if (!shared) await world.stop();
            }
          });
          for (const [i, fence] of fences.entries()) {
            const [first = ''] = fence.text.split('\n');
            const what = fence.marker?.does === 'output' ? 'prints' : 'runs';
            it(`line ${fence.line} ${what}: ${first.slice(0, 70)}`, () => check(fence, i, fences, outcomes));
          }
        });
      }
    });
  }
}
