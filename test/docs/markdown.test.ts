import assert from 'node:assert/strict';
import { parseConsole, parseMarker, parsePage } from './markdown.ts';
import { runBlocks } from './session.ts';
import { CAN_RUN, WORLDS } from './world/index.ts';

const fence = (language: string, text: string, marker?: string) =>
  `${marker ? `<!-- ${marker} -->\n` : ''}\`\`\`${language}\n${text}\n\`\`\`\n`;

describe('The blocks of a page', () => {
  it('have a language, a line, and what the comment above says', () => {
    const page = `# Title\n\n${fence('sh', 'a\n\nb', 'run: mint until=8080')}\ntext\n\n${fence('json', '{}', 'output')}`;
    const { fences, problems } = parsePage('p.md', page);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      fences.map(({ line, language, text, marker }) => [line, language, text, marker]),
      [
        [4, 'sh', 'a\n\nb\n', { does: 'run', world: 'mint', until: 8080 }],
        [13, 'json', '{}\n', { does: 'output' }],
      ],
    );
  });

  it('that are indented, do not end, or have a marker that is none are told', () => {
    assert.equal(parsePage('p.md', 'text\n\n    make test\n').problems.length, 1);
    assert.equal(parsePage('p.md', '```sh\nmake test\n').problems.length, 1);
    assert.equal(parsePage('p.md', fence('sh', 'a', 'run in mint')).problems.length, 1);
    assert.equal(parsePage('p.md', '<!-- run: mint -->\n\n```sh\na\n```\n').problems.length, 1);
  });

  it('of lists may be indented', () => {
    const { fences, problems } = parsePage('p.md', '- one\n\n    more of it\n\n  ```sh\n  a\n  ```\n');
    assert.deepEqual([problems, fences.map(({ text }) => text)], [[], ['a\n']]);
  });

  it('markers are read strictly', () => {
    assert.deepEqual(parseMarker('run: cluster fails'), { does: 'run', world: 'cluster', fails: true });
    assert.deepEqual(parseMarker('file: policies/a.yaml'), { does: 'file', path: 'policies/a.yaml' });
    for (const wrong of ['run', 'run: Mint', 'run: mint untl=80', 'file: /etc/passwd', 'not run', 'output: x']) {
      assert.throws(() => parseMarker(wrong), /is no marker/, wrong);
    }
  });

  it('of a console are commands, and what each prints', () => {
    const text = '$ a \\\n  b\none\ntwo\n$ c\n';
    assert.deepEqual(parseConsole({ page: 'p.md', line: 1, text }), [
      { command: 'a \\\n  b', output: 'one\ntwo\n' },
      { command: 'c', output: '' },
    ]);
  });
});

describe('Running the blocks of a page', function () {
  this.timeout(60_000);
  const run = async (page: string) => {
    const world = await WORLDS.empty!.start();
    try {
      return await runBlocks(world, parsePage('p.md', page).fences, 'p');
    } finally {
      await world.stop();
    }
  };
  before(function () {
    if (!CAN_RUN && !process.env.CI) this.skip();
  });

  it('one shell, in order; files are there; what fails ends it, and what comes after is not run', async () => {
    const page = [
      fence('text', 'hello', 'file: a/b.txt'),
      fence('sh', 'X=$(cat a/b.txt)', 'run: empty'),
      fence('sh', 'echo "$X"', 'run: empty'),
      fence('sh', 'false\necho not here', 'run: empty'),
      fence('sh', 'echo nor here', 'run: empty'),
    ].join('\n');
    const outcomes = await run(page);
    assert.deepEqual(
      outcomes.map(({ done, out }) => [done, out]),
      [
        [true, ''],
        [true, ''],
        [true, 'hello\n'],
        [false, ''],
        [false, ''],
      ],
    );
  });

  it('a pipe whose first part fails, an unknown command, a variable that nobody set and an error status do not pass', async () => {
    for (const command of ['false | cat', 'trustmint-x', 'echo $NOBODY', 'curl -s http://127.0.0.1:1/']) {
      const [only] = await run(fence('sh', command, 'run: empty'));
      assert.equal(only?.done, false, command);
    }
  });

  it('what must fail may not succeed', async () => {
    const [fails] = await run(fence('console', '$ trustmint token inspect nowhere', 'run: empty fails'));
    assert.deepEqual([fails?.done, fails?.out], [true, 'trustmint: nowhere: ENOENT (unreadable)\n']);
    const [works] = await run(fence('console', '$ true', 'run: empty fails'));
    assert.equal(works?.done, false);
  });

  it('nothing but loopback can be reached', async () => {
    const [only] = await run(fence('sh', 'ip -brief address', 'run: empty'));
    assert.match(only?.out ?? '', /^lo\s+UNKNOWN\s+127\.0\.0\.1\/8.*\n$/);
  });
});
