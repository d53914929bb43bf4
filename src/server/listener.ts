/** One bound socket: its limits, its answers to what is not HTTP, and its drain. */
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { rawError, sendError } from './answer.ts';
import { contextOf, type Lifecycle, type RequestContext } from './context.ts';
import { ServerError, type ServerErrorCode } from './errors.ts';
import type { SecureContext } from './tls.ts';
import type { Address, Limits, Log } from './types.ts';

export type Handler = (req: IncomingMessage, res: ServerResponse, context: RequestContext) => void;

export interface ListenerOptions {
  readonly name: 'public' | 'ops';
  readonly address: Address;
  readonly secure: SecureContext | undefined;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly log: Log;
  readonly nextId: () => string;
  readonly handle: Handler;
}

/** What Node says of a request that never became one, as a stable code. */
const CLIENT_ERRORS: Readonly<Record<string, readonly [ServerErrorCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'the request did not arrive in time'],
};

export class Listener {
  readonly lifecycle: Lifecycle = { draining: false };
  readonly #options: ListenerOptions;
  readonly #server: Server | TlsServer;
  /** Every connection, also those whose TLS handshake is not over: the HTTP server knows nothing of them. */
  readonly #sockets = new Set<Socket>();
  #inFlight = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
    this.#server = this.#create();
  }

  /** Requests whose answer is not out yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Binds.
   * @returns the URL it is reached by
   * @throws ServerError `listen_failed`
   */
  async start(): Promise<string> {
    const { name, address, secure, log } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const failed = (cause: NodeJS.ErrnoException) =>
        reject(new ServerError('listen_failed', `cannot listen on ${address.host}:${address.port} (${cause.code})`));
      this.#server.once('error', failed);
      this.#server.listen({ host: address.host, port: address.port }, () => {
        this.#server.off('error', failed);
        resolve();
      });
    });
    this.#server.on('error', (cause: NodeJS.ErrnoException) =>
      log('error', 'a listener failed', { listener: name, code: cause.code ?? cause.name }),
    );
    const bound = this.#server.address() as AddressInfo;
    const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
    return `${secure ? 'https' : 'http'}://${host}:${bound.port}`;
  }

  /** Uses another certificate for the connections to come. */
  replaceCertificate(secure: SecureContext): void {
    if ('setSecureContext' in this.#server) this.#server.setSecureContext(secure);
  }

  /**
   * Accepts nothing new and lets what is under way finish. Once nothing is, connections that never sent a whole request
   * get the time that headers have; after `graceMs` milliseconds everything left is cut.
   */
  drain(graceMs: number): Promise<void> {
    const { clock, limits } = this.#options;
    this.lifecycle.draining = true;
    if (!this.#server.listening) return Promise.resolve();
    return new Promise((resolve) => {
      const cut = () => {
        for (const socket of this.#sockets) socket.destroy();
      };
      const force = clock.setTimer(cut, Math.max(0, graceMs));
      const silent = clock.setTimer(() => {
        this.#onIdle = cut;
        if (this.#inFlight === 0) cut();
      }, limits.headersMs);
      this.#server.close(() => {
        force.cancel();
        silent.cancel();
        resolve();
      });
      if (graceMs <= 0) cut();
    });
  }

  #create(): Server | TlsServer {
    const { limits, secure } = this.#options;
    const settings = {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: Math.min(limits.headersMs, limits.requestMs),
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: Math.min(1_000, Math.ceil(limits.headersMs / 2)),
      // Of TLS; Node's own is two minutes.
      handshakeTimeout: limits.headersMs,
      insecureHTTPParser: false,
      // The front checks the Host, so that the refusal looks like all others.
      requireHostHeader: false,
    };
    const server = secure ? createHttpsServer({ ...settings, ...secure }) : createHttpServer(settings);
    // All headers that fit: a count would silently drop the last ones.
    server.maxHeadersCount = 0;
    server.maxRequestsPerSocket = limits.requestsPerSocket;
    server.maxConnections = limits.connections;
    server.setTimeout(limits.idleMs);
    const finished = () => {
      this.#inFlight--;
      if (this.#inFlight === 0) this.#onIdle?.();
    };
    const serve = (req: IncomingMessage, res: ServerResponse) => {
      this.#inFlight++;
      res.on('close', finished);
      this.#options.handle(req, res, this.#context(req));
    };
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('request', serve);
    server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
      // Too large by its own account: the refusal spares the caller the sending, and the connection has no body to skip.
      if (Number(req.headers['content-length']) > limits.bodyBytes) res.shouldKeepAlive = false;
      else res.writeContinue();
      serve(req, res);
    });
    server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
      const error = new ServerError('expectation_failed', 'the only expectation met is 100-continue');
      sendError(res, this.#context(req), error);
    });
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#refuse(error, socket as Socket));
    // After clientError, whose answer would wait for ever for the handshake that failed.
    server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
    return server;
  }

  #context(req: IncomingMessage): RequestContext {
    return contextOf(req, this.#options.nextId(), this.lifecycle);
  }

  /** Answers bytes that are no request, or one that came too slowly; unless an answer to it is already on its way. */
  #refuse(error: NodeJS.ErrnoException, socket: Socket): void {
    const answering = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
    if (!socket.writable || answering?.headersSent || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    const known = CLIENT_ERRORS[error.code ?? ''];
    const [code, message] = known ?? ['invalid_request', 'this is not a well-formed HTTP/1.1 request'];
    socket.end(rawError(code, message, this.#options.nextId()));
    socket.destroySoon();
  }
}
