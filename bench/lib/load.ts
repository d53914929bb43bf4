/**
 * The load generator, a program of its own so that it has its own core: keep-alive connections over raw sockets, each
 * with one request at a time (closed loop, no pipelining). It knows HTTP/1.1 answers with a Content-Length, and no more.
 */
import { connect, type Socket } from 'node:net';
import { quantile } from './stats.ts';

export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  readonly contentType: string;
  /** Used in turn, and again from the start if there are fewer than `count`. */
  readonly bodies: readonly string[];
  readonly count: number;
  readonly connections: number;
  /** Whether to hand back every answer, for whoever checks them. */
  readonly keepAnswers: boolean;
}

export interface LoadReport {
  readonly requests: number;
  /** Answers by status; connections that broke count as 0. */
  readonly statuses: Readonly<Record<number, number>>;
  readonly seconds: number;
  /** The generator's own CPU seconds. */
  readonly cpuSeconds: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly answers: readonly string[];
  readonly problem?: string;
}

const HEADER_END = '\r\n\r\n';
const DEADLINE_MS = 60_000;
const NOTHING = { requests: 0, statuses: {}, seconds: 0, cpuSeconds: 0, p50: 0, p99: 0, answers: [] };

async function run(order: LoadOrder): Promise<LoadReport> {
  const { port, path, contentType, count } = order;
  const requests = order.bodies.map((body) =>
    Buffer.from(
      `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: ${contentType}\r\n` +
        `Accept: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    ),
  );
  const latencies = new Float64Array(count);
  const statuses: Record<number, number> = {};
  const answers: string[] = [];
  let sent = 0;
  let answered = 0;
  let problem: string | undefined;
  const sockets = await Promise.all(Array.from({ length: Math.min(order.connections, count) }, () => open(port)));
  const deadline = setTimeout(() => {
    problem = 'timed out';
    for (const socket of sockets) socket.destroy();
  }, DEADLINE_MS);

  const cpu = process.cpuUsage();
  const start = performance.now();
  const loop = async (socket: Socket): Promise<void> => {
    while (sent < count) {
      const request = requests[sent % requests.length] as Buffer;
      sent += 1;
      const since = performance.now();
      const answer = await exchange(socket, request);
      latencies[answered] = performance.now() - since;
      answered += 1;
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1;
      if (order.keepAnswers) answers.push(answer.body());
    }
  };
  await Promise.all(
    sockets.map((socket) =>
      loop(socket).catch((error: Error) => {
        statuses[0] = (statuses[0] ?? 0) + 1;
        problem ??= error.message;
      }),
    ),
  );
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearTimeout(deadline);
  for (const socket of sockets) socket.destroy();

  const sorted = latencies.subarray(0, answered).sort();
  const [p50, p99] = answered === 0 ? [Number.NaN, Number.NaN] : [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  return { requests: answered, statuses, seconds, cpuSeconds: (user + system) / 1e6, p50, p99, answers, problem };
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.once('connect', () => resolve(socket)).once('error', reject);
  });
}

interface Answer {
  readonly status: number;
  body(): string;
}

/** Sends one request and waits for its whole answer. @throws Error if the connection ends first */
function exchange(socket: Socket, request: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let bytes: Buffer | undefined;
    const settle = (finish: () => void) => {
      socket.removeAllListeners('data').removeAllListeners('close').removeAllListeners('error');
      finish();
    };
    socket.on('data', (chunk: Buffer) => {
      bytes = bytes === undefined ? chunk : Buffer.concat([bytes, chunk]);
      try {
        const answer = parseAnswer(bytes);
        if (answer !== undefined) settle(() => resolve(answer));
      } catch (error) {
        settle(() => reject(error));
      }
    });
    socket.on('error', (error) => settle(() => reject(error)));
    socket.on('close', () => settle(() => reject(new Error('the server closed the connection'))));
    socket.write(request);
  });
}

/** @returns undefined if more bytes are to come */
function parseAnswer(bytes: Buffer): Answer | undefined {
  const headerEnd = bytes.indexOf(HEADER_END);
  if (headerEnd < 0) return undefined;
  const head = bytes.toString('latin1', 0, headerEnd);
  const length = /\r\ncontent-length: *([0-9]+)/i.exec(head)?.[1];
  if (length === undefined) throw new Error(`an answer without Content-Length: ${head.slice(0, 200)}`);
  const start = headerEnd + HEADER_END.length;
  const end = start + Number(length);
  if (bytes.length < end) return undefined;
  return { status: Number(head.slice(9, 12)), body: () => bytes.toString('utf8', start, end) };
}

process.on('message', (order: LoadOrder) => {
  run(order).then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ ...NOTHING, problem: error.message }),
  );
});
