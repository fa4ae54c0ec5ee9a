import { afterEach, describe, expect, it } from '@jest/globals';
import { WebSocketServer, type WebSocket } from 'ws';
import { createLogger } from '../observability/logger.ts';
import { backOffMs, pause } from './back-off.ts';
import { openWebSocket, type ReconnectingSocket, type WebSocketOptions } from './websocket.ts';

const logger = createLogger('test', 'silent');
const backoff = { minMs: 10, maxMs: 50 };
const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function serve(onClient: (client: WebSocket) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', onClient);
  await new Promise((resolve) => server.once('listening', resolve));
  cleanUps.push(() => {
    for (const client of server.clients) client.terminate();
    return new Promise((resolve) => {
      server.close(() => {
        resolve();
      });
    });
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return `ws://127.0.0.1:${String(address.port)}/ws`;
}

function open(options: Omit<WebSocketOptions, 'logger'>): ReconnectingSocket {
  const socket = openWebSocket({ backoff, logger, ...options });
  cleanUps.push(() => socket.close());
  return socket;
}

async function until(condition: () => boolean, timeoutMs = 3_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > end) throw new Error('it did not happen in time');
    await pause(5);
  }
}

describe('openWebSocket', () => {
  it('subscribes on open and hands messages on one at a time, in order', async () => {
    const url = await serve((client) => {
      client.on('message', () => {
        for (let n = 0; n < 50; n += 1) client.send(String(n));
      });
    });
    const seen: string[] = [];
    let busy = 0;
    let busiest = 0;
    const socket = open({
      url,
      onOpen: (send) => {
        send('subscribe');
      },
      onMessage: async (text) => {
        busy += 1;
        busiest = Math.max(busiest, busy);
        await pause(1);
        seen.push(text);
        busy -= 1;
      },
    });
    await socket.connected();
    await until(() => seen.length === 50);
    expect(seen).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
    expect(busiest).toBe(1);
  });

  it('reads no further while a message is being handled, so the peer has to wait', async () => {
    let buffered = (): number => 0;
    const url = await serve((client) => {
      buffered = () => client.bufferedAmount;
      for (let n = 0; n < 200; n += 1) client.send('x'.repeat(100_000));
    });
    const gate: PromiseWithResolvers<void> = Promise.withResolvers();
    let handled = 0;
    open({
      url,
      onMessage: async () => {
        handled += 1;
        await gate.promise;
      },
    });
    await until(() => handled === 1);
    await pause(200);
    expect(handled).toBe(1);
    expect(buffered()).toBeGreaterThan(1_000_000);
    gate.resolve();
    await until(() => handled === 200);
  });

  it('reconnects with back-off after a cut and subscribes again', async () => {
    let connections = 0;
    const url = await serve((client) => {
      connections += 1;
      if (connections < 3) client.terminate();
      else client.send('hello');
    });
    const states: string[] = [];
    let opened = 0;
    const seen: string[] = [];
    open({
      url,
      onOpen: () => {
        opened += 1;
      },
      onMessage: (text) => {
        seen.push(text);
      },
      onState: (state) => {
        states.push(state);
      },
    });
    await until(() => seen.length === 1);
    expect(connections).toBe(3);
    expect(opened).toBeGreaterThanOrEqual(1);
    expect(states.filter((state) => state === 'disconnected')).toHaveLength(2);
  });

  it('drops a silent peer that does not even answer pings', async () => {
    let connections = 0;
    const url = await serve((client) => {
      connections += 1;
      client.pause();
    });
    open({ url, idleTimeoutMs: 100, onMessage: () => undefined });
    await until(() => connections >= 2);
  });

  it('keeps a quiet peer that answers pings', async () => {
    let connections = 0;
    const url = await serve(() => {
      connections += 1;
    });
    const socket = open({ url, idleTimeoutMs: 80, onMessage: () => undefined });
    await socket.connected();
    await pause(400);
    expect(connections).toBe(1);
  });

  it('says the heartbeat text in place of pings, where the peer wants to hear one', async () => {
    const heard: string[] = [];
    const url = await serve((client) => {
      client.on('message', (data: Buffer) => {
        heard.push(data.toString('utf8'));
        client.send('pong');
      });
    });
    const seen: string[] = [];
    open({
      url,
      idleTimeoutMs: 80,
      heartbeat: 'ping',
      onMessage: (text) => {
        seen.push(text);
      },
    });
    await until(() => heard.length >= 3 && seen.length >= 2);
    expect(new Set([...heard, ...seen])).toEqual(new Set(['ping', 'pong']));
  });

  it('treats a throwing handler as a broken connection: reconnects', async () => {
    const url = await serve((client) => {
      client.send('one');
    });
    let calls = 0;
    open({
      url,
      onMessage: () => {
        calls += 1;
        if (calls === 1) throw new Error('cannot');
      },
    });
    await until(() => calls === 2);
  });

  it('close waits for the message in hand and reconnects no more', async () => {
    let connections = 0;
    const url = await serve((client) => {
      connections += 1;
      client.send('one');
    });
    let done = false;
    let started = false;
    const socket = open({
      url,
      onMessage: async () => {
        started = true;
        await pause(100);
        done = true;
      },
    });
    await until(() => started);
    await socket.close();
    expect(done).toBe(true);
    expect(socket.state).toBe('disconnected');
    await pause(100);
    expect(connections).toBe(1);
    await expect(socket.connected()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(() => {
      socket.send('late');
    }).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }));
  });

  it('closes while it waits for a peer that is not there', async () => {
    const socket = open({ url: 'ws://127.0.0.1:1/none', onMessage: () => undefined });
    const waiting = expect(socket.connected()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await pause(30);
    await socket.close();
    await waiting;
  });

  it('refuses an address that is none', () => {
    expect(() => openWebSocket({ url: 'http://x', logger, onMessage: () => undefined })).toThrow(
      /ws:\/\/ or wss:\/\//,
    );
  });
});

describe('backOffMs', () => {
  it('doubles up to the maximum, jittered between a half and the whole', () => {
    expect(backOffMs(0, { minMs: 100, maxMs: 1000 }, () => 0)).toBe(50);
    expect(backOffMs(2, { minMs: 100, maxMs: 1000 }, () => 0.5)).toBe(300);
    expect(backOffMs(50, { minMs: 100, maxMs: 1000 }, () => 0.999)).toBe(1000);
  });
});
