/**
 * A venue for tests and the demo: Binance spot's wire protocol over a replayed market.
 *
 * `startSimulator({ recordings: [{ file: 'data/BTCUSDT-….csv.gz' }] })` listens on a free port; the REST
 * paths are Binance's own below `httpUrl`, streams below `wsUrl` (`/ws`, `/stream`, `/ws-api/v3`), and the
 * replay is driven by `advance` or by `/sim/*` (control.ts).
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { KeelError } from '../core/errors.ts';
import { serveVenue } from './binance/http-front.ts';
import { MarketStreams } from './binance/streams.ts';
import { WsApi } from './binance/ws-api.ts';
import { reconciliation, serveControl } from './control.ts';
import { createVenue } from './create-venue.ts';
import { Faults } from './faults.ts';
import { sendWithFaults } from './frames.ts';
import type { Simulator, SimulatorOptions } from './options.ts';
import { createPacer } from './pacer.ts';
import { keepState } from './state-file.ts';

export type { Simulator, SimulatorOptions } from './options.ts';

/** The venue pings every 20 s and drops who stays silent for a minute. */
const PING_MS = 20_000;
const SILENCE_PINGS = 3;

/** Loads the recordings and listens. Throws INVALID_INPUT for a flawed recording or option. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const faults = new Faults();
  const hiddenUntil = new Map<number, number>();
  const venue = createVenue(options, (orderId) => (hiddenUntil.get(orderId) ?? 0) > Date.now());
  const streams = new MarketStreams(venue, sendWithFaults(faults, 'STREAM'));
  const wsApi = new WsApi(venue, sendWithFaults(faults, 'USER'));
  const { replay, engine } = venue;
  const keeper = keepState(options.stateFile, engine, replay);

  const step = (): void => {
    const minute = replay.minute();
    if (minute === undefined) {
      return;
    }
    for (const { symbol, bar } of minute.bars) {
      // Inside the bar, so that a fill belongs to the minute whose prices made it.
      engine.matchBar(symbol, bar, minute.closeAt - 1);
    }
    replay.step();
    keeper.afterStep();
    streams.onMinute(minute);
  };
  const pace = options.pace ?? 'stepped';
  const pacer = createPacer(pace === 'stepped' ? undefined : pace.speed, step, () => replay.done);

  const server = createServer((incoming, outgoing) => {
    void serve(incoming, outgoing);
  });
  const front = {
    venue,
    faults,
    hide: (order: { orderId: number }, ms: number) =>
      hiddenUntil.set(order.orderId, Date.now() + ms),
  };
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    try {
      const body = await readBody(incoming);
      if (incoming.url?.startsWith('/sim/') === true) {
        serveControl(simulator, incoming, outgoing, body);
      } else {
        await serveVenue(front, incoming, outgoing, body);
      }
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
    const target = new URL(incoming.url ?? '/', 'ws://simulator');
    const accept = acceptor(target, streams, wsApi);
    if (accept === undefined) {
      socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      keepAlive(webSocket);
      accept(webSocket);
    });
  });

  const address = await listen(server, options.port ?? 0, options.host ?? '127.0.0.1');
  const simulator: Simulator = {
    httpUrl: `http://${address}`,
    wsUrl: `ws://${address}`,
    faults,
    advance: (bars = 1) => {
      if (pacer.running) {
        throw new KeelError(
          'CONFLICT',
          'the replay runs by itself: start it stepped to advance it',
        );
      }
      for (let count = 0; count < bars && !replay.done; count += 1) {
        step();
      }
      return { marketTime: replay.marketTime, done: replay.done, bar: replay.bar };
    },
    start: () => {
      pacer.start();
    },
    state: () => ({
      marketTime: replay.marketTime,
      wallTime: Date.now(),
      bar: replay.bar,
      totalBars: replay.totalBars,
      done: replay.done,
      running: pacer.running,
      prices: Object.fromEntries(replay.symbols.map((symbol) => [symbol, replay.price(symbol)])),
      orders: engine.orders().length,
      openOrders: engine.openOrders().length,
      trades: engine.trades().length,
      connections: {
        market: streams.connections,
        wsApi: wsApi.connections,
        userStreams: wsApi.subscriptions,
      },
    }),
    orders: () => reconciliation(engine),
    cutStreams: (which) => {
      const cut = [
        ...(which === 'user' ? [] : streams.sockets()),
        ...(which === 'market' ? [] : wsApi.sockets()),
      ];
      for (const socket of cut) {
        socket.terminate();
      }
      return cut.length;
    },
    finished: () => pacer.finished,
    close: async () => {
      pacer.stop();
      keeper.save();
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
  return simulator;
}

function acceptor(
  target: URL,
  streams: MarketStreams,
  wsApi: WsApi,
): ((socket: WebSocket) => void) | undefined {
  if (target.pathname === '/ws-api/v3') {
    return (socket) => {
      wsApi.accept(socket);
    };
  }
  return /^\/(ws|stream)(\/|$)/.test(target.pathname)
    ? (socket) => {
        streams.accept(socket, target);
      }
    : undefined;
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

async function listen(
  server: ReturnType<typeof createServer>,
  port: number,
  host: string,
): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const { address, port: bound } = server.address() as AddressInfo;
  return `${address}:${String(bound)}`;
}
