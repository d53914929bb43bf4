/** A real Prometheus that scrapes replicas once a second, and answers questions. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cluster } from '../e2e/cluster/index.ts';
import { freePorts } from '../e2e/cluster/ports.ts';
import { prometheusBinary } from './assets.ts';
import { ROOT, RULES } from './rules.ts';
import { HOME } from './types.ts';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** [seconds, value] */
  readonly values: readonly (readonly [number, string])[];
}

export interface Exemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: string;
  readonly timestamp: number;
}

export interface Rule {
  readonly name: string;
  readonly type: 'alerting' | 'recording';
  readonly health: string;
  readonly lastError?: string;
  readonly state?: 'inactive' | 'pending' | 'firing';
}

export interface Prometheus {
  /** Now, as numbers by label set. */
  query(expr: string): Promise<readonly { metric: Readonly<Record<string, string>>; value: number }[]>;
  /** Every second from then until now. @param since seconds since the epoch */
  range(expr: string, since: number): Promise<readonly Series[]>;
  exemplars(expr: string, since: number): Promise<readonly { exemplars: readonly Exemplar[] }[]>;
  rules(): Promise<readonly Rule[]>;
  /** Names of the alerts that fire. */
  firing(): Promise<readonly string[]>;
}

/**
 * @param ops host and port of the replicas' ops listeners
 * The rules are those that are shipped, without their `for`: a test does not wait for minutes.
 */
export async function startPrometheus(cluster: Cluster, ops: readonly string[]): Promise<Prometheus> {
  const [port] = (await freePorts(1)) as [number];
  const file = (name: string) => join(cluster.dir, `prometheus-${name}`);
  const rules = readFileSync(join(ROOT, RULES), 'utf8').replaceAll(/^ +for: \w+\n/gm, '');
  await writeFile(file('rules.yml'), rules);
  const config = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: [file('rules.yml')],
    scrape_configs: [{ job_name: HOME.job, static_configs: [{ targets: ops, labels: { namespace: HOME.namespace } }] }],
  };
  await writeFile(file('config.yml'), JSON.stringify(config));
  const url = `http://127.0.0.1:${port}`;
  await cluster.run({
    name: 'prometheus',
    path: prometheusBinary('prometheus'),
    flags: [
      `--config.file=${file('config.yml')}`,
      `--storage.tsdb.path=${file('data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    readyUrl: `${url}/-/ready`,
  });

  async function api<T>(path: string, parameters: Readonly<Record<string, string>>): Promise<T> {
    const answer = await fetch(`${url}/api/v1/${path}?${new URLSearchParams(parameters)}`);
    const body = (await answer.json()) as { status: string; data: T; error?: string };
    assert.equal(body.status, 'success', `${parameters.query}: ${body.error}`);
    return body.data;
  }
  const now = () => Date.now() / 1000;
  const rulesNow = async () =>
    (await api<{ groups: { rules: Rule[] }[] }>('rules', {})).groups.flatMap((group) => group.rules);
  return {
    async query(expr) {
      const { result } = await api<{ result: { metric: Record<string, string>; value: [number, string] }[] }>('query', {
        query: expr,
      });
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async range(expr, since) {
      const asked = { query: expr, start: `${since}`, end: `${now()}`, step: '1' };
      return (await api<{ result: Series[] }>('query_range', asked)).result;
    },
    exemplars: (expr, since) => api('query_exemplars', { query: expr, start: `${since}`, end: `${now()}` }),
    rules: rulesNow,
    firing: async () => [
      ...new Set((await rulesNow()).filter(({ state }) => state === 'firing').map(({ name }) => name)),
    ],
  };
}
