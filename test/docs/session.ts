/** Runs the blocks of one page in one world: one shell, in order, so that a variable of one block is there in the next. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Fence, parseConsole } from './markdown.ts';
import type { World } from './world/index.ts';

export interface Outcome {
  /** It ended, as it should; what is in the background only began. */
  readonly done: boolean;
  readonly out: string;
  readonly err: string;
}

/** Milliseconds for all blocks of one page. */
const PATIENCE_MS = 240_000;

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

interface Step {
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
}

/** A workflow of GitHub's: what its runner would run, step by step. */
function stepsOf({ text }: Fence): string {
  const { steps = [] } = parse(text) as { steps?: readonly Step[] };
  return steps
    .filter(({ run }) => run !== undefined)
    .map(({ env = {}, run = '' }) => {
      const exports = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
      return `(${[...exports, `bash -euo pipefail -c ${quote(run)}`].join('; ')})`;
    })
    .join('\n');
}

/** The shell text of a block, where it is one; `undefined` for what is only compared. */
function commandOf(fence: Fence, file: string): string | undefined {
  if (fence.marker?.does !== 'run') return undefined;
  if (fence.language === 'console') {
    return parseConsole(fence)
      .map(({ command }, i) => {
        const shown = quote(`${file}.${i}`);
        return `{ ${command}\n} >${shown} 2>&1 && said=0 || said=$?\ncat ${shown}\n(exit $said)`;
      })
      .join('\n');
  }
  if (fence.language === 'yaml') return stepsOf(fence);
  if (fence.language === 'python') return `python3 ${quote(`${file}.py`)}`;
  return fence.text;
}

/** What is done for one block, in a shell that ends with the first failure. */
function step(fence: Fence, file: string): string {
  const { marker } = fence;
  if (marker?.does === 'file') {
    return `mkdir -p "$(dirname ${quote(marker.path)})" && cp ${quote(`${file}.text`)} ${quote(marker.path)}`;
  }
  if (marker?.does !== 'run') return ':';
  const io = `</dev/null >${quote(`${file}.out`)} 2>${quote(`${file}.err`)}`;
  const source = `source ${quote(`${file}.sh`)} ${io}`;
  if (marker.fails) return `set +e; ${source}; ended=$?; set -e; [ $ended -ne 0 ]`;
  if (marker.until === undefined) return source;
  return `${source} & began=$!
until (exec 9<>/dev/tcp/127.0.0.1/${marker.until}) 2>/dev/null; do kill -0 $began; sleep 0.05; done`;
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @returns what became of each block, in the order given */
export async function runBlocks(world: World, fences: readonly Fence[], name: string): Promise<Outcome[]> {
  const dir = join(world.dir, `.session-${name}`);
  mkdirSync(dir, { recursive: true });
  const files = fences.map((_, i) => join(dir, String(i)));
  const steps = fences.map((fence, i) => {
    const file = files[i]!;
    writeFileSync(`${file}.text`, fence.text);
    writeFileSync(`${file}.py`, fence.text);
    const command = commandOf(fence, file);
    if (command !== undefined) writeFileSync(`${file}.sh`, command);
    return `${step(fence, file)}\necho ${i} >>${quote(join(dir, 'done'))}`;
  });
  const cwd = await world.directory(name);
  const script = ['set -Eeuo pipefail', `cd ${quote(cwd)}`, ...steps].join('\n');
  const [command = '', ...args] = [...world.enter, 'bash', '--norc', '-c', script];
  const shell = spawn(command, args, { env: { ...world.env }, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
  let said = '';
  shell.stderr.on('data', (chunk) => {
    said += chunk;
  });
  const timer = setTimeout(() => end(shell.pid), PATIENCE_MS);
  await new Promise((resolve) => shell.once('exit', resolve));
  clearTimeout(timer);
  end(shell.pid);
  const done = new Set(readOr(join(dir, 'done')).split('\n'));
  return files.map((file, i) => {
    const last = !done.has(String(i)) && (i === 0 || done.has(String(i - 1)));
    const err = readOr(`${file}.err`) + (last ? said : '');
    return { done: done.has(String(i)), out: readOr(`${file}.out`), err };
  });
}

/** Ends the shell and what it left in the background: a process group of its own. */
function end(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch {
    // All of it has ended.
  }
}
