/**
 * The HTTP server for metrics: `/metrics` and `/healthz`. It holds few connections, reads little of a request, and
 * gives up on clients that do not read, so that nobody who reaches it can do harm.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MetricsSource {
  /** The text of a scrape, in pieces that are made as they are asked for. */
  scrape(): AsyncIterable<string> | Iterable<string>;
  /** Undefined where all is well; otherwise what is wrong. */
  unhealthy(): string | undefined;
}

export interface MetricsServer {
  /** Of the metrics. */
  readonly url: string;
  /** The one that was chosen where 0 was asked for. */
  readonly port: number;
  close(): void;
}

const MAX_CONNECTIONS = 32;
/** Scrapes at once; more are told to come again. */
const MAX_SCRAPES = 4;
const MAX_HEADER_BYTES = 8192;
const REQUEST_TIMEOUT_MS = 5000;
/** A scrape is over within this time, or its client is gone: Prometheus itself waits for 10 s. */
const SCRAPE_TIMEOUT_MS = 30_000;
/** Bytes that are made, or pieces that are asked for, before others get their turn. */
const SLICE_BYTES = 64 * 1024;
const SLICE_PIECES = 64;

const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' };
const METRICS = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' };
const HELP = 'Catbird: /metrics is for Prometheus, /healthz says whether it runs.\n';

/** Listens. Rejects, with a message that names the address, where that cannot be. */
export async function openMetricsServer(
  host: string,
  port: number,
  source: MetricsSource,
): Promise<MetricsServer> {
  const state = { scrapes: 0 };
  const server: Server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => {
      // A request's body means nothing, and is not waited for.
      if (
        request.headers['content-length'] !== undefined ||
        request.headers['transfer-encoding'] !== undefined
      ) {
        response.setHeader('Connection', 'close');
      }
      void answer(request, response, source, state).catch(() => {
        request.destroy();
      });
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.maxHeadersCount = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new Error(`Cannot listen for metrics at ${host} port ${port}: ${error.message}`, { cause: error }),
      );
    });
    server.listen(port, host, resolve);
  });
  server.on('error', () => undefined);
  const bound = server.address() as AddressInfo;
  return {
    url: `http://${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}/metrics`,
    port: bound.port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, TEXT);
  response.end(text);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  source: MetricsSource,
  state: { scrapes: number },
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    plain(response, 405, 'only GET and HEAD\n');
    return;
  }
  switch (request.url?.split('?')[0]) {
    case '/':
      plain(response, 200, HELP);
      return;
    case '/healthz': {
      const wrong = source.unhealthy();
      plain(response, wrong === undefined ? 200 : 503, `${wrong ?? 'ok'}\n`);
      return;
    }
    case '/metrics':
      break;
    default:
      plain(response, 404, 'nothing here: /metrics and /healthz are all there is\n');
      return;
  }
  if (request.method === 'HEAD') {
    response.writeHead(200, METRICS);
    response.end();
    return;
  }
  if (state.scrapes >= MAX_SCRAPES) {
    response.setHeader('Retry-After', '5');
    plain(response, 503, 'too many scrapes at once\n');
    return;
  }
  state.scrapes++;
  const deadline = setTimeout(() => response.destroy(), SCRAPE_TIMEOUT_MS);
  try {
    response.writeHead(200, METRICS);
    await send(response, source.scrape());
  } finally {
    clearTimeout(deadline);
    state.scrapes--;
  }
}

/** Writes the pieces, no faster than they are read, and lets others have their turn in between. */
async function send(
  response: ServerResponse,
  pieces: AsyncIterable<string> | Iterable<string>,
): Promise<void> {
  let text = '';
  let count = 0;
  const flush = async (): Promise<void> => {
    const room = text === '' || response.write(text);
    text = '';
    count = 0;
    if (room) await new Promise((resolve) => setImmediate(resolve));
    else await drained(response);
  };
  for await (const piece of pieces) {
    text += piece;
    if (text.length >= SLICE_BYTES || ++count >= SLICE_PIECES) await flush();
    if (response.destroyed) return;
  }
  response.end(text);
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}
