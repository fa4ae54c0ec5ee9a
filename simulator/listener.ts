/**
 * Where the simulator is reached: HTTP requests and WebSockets at one address. A request that fails is
 * answered with 500 and its stack; a WebSocket nobody takes with 404.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';

/** The venue pings every 20 s and drops who stays silent for a minute. */
const PING_MS = 20_000;
const SILENCE_PINGS = 3;

export interface Listener {
  /** host:port */
  readonly address: string;
  /** Cuts all connections, and listens no more. */
  close(): Promise<void>;
}

export async function listen(options: {
  readonly host: string;
  /** 0: a free one. */
  readonly port: number;
  serve(incoming: IncomingMessage, outgoing: ServerResponse, body: string): Promise<void>;
  /** What takes a WebSocket opened at `target`; undefined where there is nothing. */
  acceptorOf(target: URL): ((socket: WebSocket) => void) | undefined;
}): Promise<Listener> {
  const server = createServer((incoming, outgoing) => {
    void answer(incoming, outgoing);
  });
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      await options.serve(incoming, outgoing, await readBody(incoming));
    } catch (error) {
      if (!outgoing.headersSent) {
        outgoing.writeHead(500, { 'content-type': 'text/plain' });
      }
      outgoing.end(
        `the simulator failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
      );
    }
  };
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (incoming: IncomingMessage, socket: Socket, head: Buffer) => {
    const accept = options.acceptorOf(new URL(incoming.url ?? '/', 'ws://simulator'));
    if (accept === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      keepAlive(webSocket);
      accept(webSocket);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return {
    address: `${address}:${String(port)}`,
    close: async () => {
      for (const socket of sockets.clients) {
        socket.terminate();
      }
      sockets.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function keepAlive(socket: WebSocket): void {
  let unanswered = 0;
  socket.on('pong', () => {
    unanswered = 0;
  });
  const timer = setInterval(() => {
    unanswered += 1;
    if (unanswered > SILENCE_PINGS) {
      socket.terminate();
      return;
    }
    socket.ping(String(Date.now()));
  }, PING_MS);
  timer.unref();
  socket.on('close', () => {
    clearInterval(timer);
  });
  // A reset by the other side is its way to leave; `close` follows.
  socket.on('error', () => {
    socket.terminate();
  });
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
