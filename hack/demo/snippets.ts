/** Runs the published client snippets, with only their URLs and paths changed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { canRun, runProgram } from './children.ts';

const SHIMS = join(import.meta.dirname, 'shims');
const TOKEN_PATH = '/var/run/secrets/tokens/satgate-token';
const MINT_URL = 'https://cloud.satgate.io/api/mint/exchange';

/** Prints one variable that a script leaves behind: the snippets keep their token to themselves. */
const RUN_AND_SHOW = 'import runpy, sys; print(runpy.run_path(sys.argv[1])[sys.argv[2]])';

export interface SnippetRunner {
  /** What it runs with, for a person. */
  readonly python: string | undefined;
  readonly shell: string;
  /** Runs a Python snippet against a token file; returns the value of `variable`. */
  runPython(name: string, tokenFile: string, variable: string): Promise<string>;
  /** Runs the GitHub Actions snippet as a step of a workflow; returns the SATGATE_TOKEN it hands to the next step. */
  runWorkflowStep(requestUrl: string, requestToken: string): Promise<string>;
}

/** Finds out what this machine has: Python with requests, else the standard library; curl and jq, else stand-ins. */
export async function snippetRunner(workDir: string, mintUrl: string): Promise<SnippetRunner> {
  const hasPython = await canRun('python3', ['-c', '']);
  const hasRequests = hasPython && (await canRun('python3', ['-c', 'import requests']));
  const hasTools = (await canRun('curl', ['--version'])) && (await canRun('jq', ['--version']));
  const pythonPath = hasRequests ? '' : join(SHIMS, 'python');
  const path = hasTools ? `${process.env.PATH}` : `${join(SHIMS, 'bin')}:${process.env.PATH}`;

  return {
    python: hasPython ? (hasRequests ? 'Python with requests' : 'Python with its standard library') : undefined,
    shell: hasTools ? 'bash, curl and jq' : 'bash, with stand-ins for curl and jq',

    async runPython(name, tokenFile, variable) {
      const script = join(workDir, name);
      const text = readFileSync(join('examples/clients', name), 'utf8');
      writeFileSync(script, text.replaceAll(TOKEN_PATH, tokenFile).replaceAll(MINT_URL, mintUrl));
      const env = {
        SATGATE_MINT_URL: mintUrl,
        // Or it would leave compiled files beside the stand-ins.
        PYTHONDONTWRITEBYTECODE: '1',
        ...(pythonPath && { PYTHONPATH: pythonPath }),
      };
      return (await runProgram('python3', ['-c', RUN_AND_SHOW, script, variable], { env })).trim();
    },

    async runWorkflowStep(requestUrl, requestToken) {
      const githubEnv = join(workDir, 'github-env');
      writeFileSync(githubEnv, '');
      await runProgram('bash', ['examples/clients/github-actions.sh'], {
        env: {
          PATH: path,
          ACTIONS_ID_TOKEN_REQUEST_URL: requestUrl,
          ACTIONS_ID_TOKEN_REQUEST_TOKEN: requestToken,
          SATGATE_MINT_URL: mintUrl,
          GITHUB_ENV: githubEnv,
        },
      });
      return readFileSync(githubEnv, 'utf8')
        .trim()
        .replace(/^SATGATE_TOKEN=/, '');
    },
  };
}
