/** User streams by listenKey: `/ws/<listenKey>`, or `/ws` and SUBSCRIBE with the key as the stream's name. */
import { z } from 'zod';
import type { WebSocket } from 'ws';
import type { EngineEvent } from '../orders.ts';
import type { SendFrame } from '../venue.ts';
import { accountUpdate, orderEvents } from './shapes.ts';
import type { UsdmVenue } from './venue.ts';

const requestSchema = z.object({
  method: z.enum(['SUBSCRIBE', 'UNSUBSCRIBE']),
  params: z.array(z.string()),
  id: z.union([z.string(), z.int()]),
});

export class UserStreams {
  readonly #venue: UsdmVenue;
  readonly #send: SendFrame;
  /** The keys each connection listens to. */
  readonly #connections = new Map<WebSocket, Set<string>>();

  constructor(venue: UsdmVenue, send: SendFrame) {
    this.#venue = venue;
    this.#send = send;
    venue.engine.onEvent((event) => {
      this.#publish(event);
    });
  }

  sockets(): WebSocket[] {
    return [...this.#connections.keys()];
  }

  get subscriptions(): number {
    return [...this.#connections.values()].reduce((sum, keys) => sum + keys.size, 0);
  }

  accept(socket: WebSocket, target: URL): void {
    const keys = new Set(
      target.pathname
        .split('/')
        .slice(2)
        .filter((key) => this.#knows(key)),
    );
    this.#connections.set(socket, keys);
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('message', (data: Buffer) => {
      socket.send(JSON.stringify(this.#answer(keys, data.toString('utf8'))));
    });
  }

  #knows(key: string): boolean {
    return this.#venue.listenKeys.has(key);
  }

  #answer(keys: Set<string>, text: string): object {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return { error: { code: 3, msg: 'Invalid JSON: expected value at line 1 column 1' } };
    }
    const parsed = requestSchema.safeParse(json);
    if (!parsed.success || !parsed.data.params.every((key) => this.#knows(key))) {
      return { error: { code: 2, msg: 'Invalid request: invalid stream' }, id: null };
    }
    const { method, params, id } = parsed.data;
    for (const key of params) {
      if (method === 'SUBSCRIBE') {
        keys.add(key);
      } else {
        keys.delete(key);
      }
    }
    return { result: null, id };
  }

  #publish(event: EngineEvent): void {
    const messages =
      event.kind === 'balances' ? [accountUpdate(this.#venue, event)] : orderEvents(event);
    for (const [socket, keys] of this.#connections) {
      if (keys.size === 0) {
        continue;
      }
      for (const message of messages) {
        this.#send(socket, String(message.e), JSON.stringify(message));
      }
    }
  }
}
