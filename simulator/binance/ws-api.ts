/** The WebSocket API at `/ws-api/v3`: the user stream's signed subscription, ping and time. */
import { z } from 'zod';
import type { WebSocket } from 'ws';
import type { EngineEvent } from '../orders.ts';
import type { SendFrame } from '../venue.ts';
import { illegalCharacters, VenueError } from './errors.ts';
import { accountPosition, executionReport } from './order-shapes.ts';
import { checkSignedParams } from './signature.ts';
import type { Venue } from './venue.ts';

const requestSchema = z.object({
  id: z.union([z.string(), z.int(), z.null()]),
  method: z.string(),
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
type Request = z.infer<typeof requestSchema>;

export class WsApi {
  readonly #venue: Venue;
  readonly #send: SendFrame;
  /** Subscription ids of each connection. */
  readonly #connections = new Map<WebSocket, Set<number>>();
  #nextSubscription = 0;

  constructor(venue: Venue, send: SendFrame) {
    this.#venue = venue;
    this.#send = send;
    venue.engine.onEvent((event) => {
      this.#publish(event);
    });
  }

  /** User stream subscriptions over all connections. */
  get subscriptions(): number {
    return [...this.#connections.values()].reduce((sum, ids) => sum + ids.size, 0);
  }

  sockets(): WebSocket[] {
    return [...this.#connections.keys()];
  }

  accept(socket: WebSocket): void {
    this.#connections.set(socket, new Set());
    socket.on('close', () => this.#connections.delete(socket));
    socket.on('message', (data: Buffer) => {
      socket.send(JSON.stringify(this.#answer(socket, data.toString('utf8'))));
    });
  }

  #answer(socket: WebSocket, text: string): object {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return failure(null, new VenueError(-1135, 'Invalid JSON Request'));
    }
    const parsed = requestSchema.safeParse(json);
    if (!parsed.success) {
      const id = z.object({ id: requestSchema.shape.id }).safeParse(json);
      return failure(
        id.success ? id.data.id : null,
        illegalCharacters('id', '^[a-zA-Z0-9-_]{1,36}$'),
      );
    }
    try {
      return this.#success(parsed.data.id, this.#result(socket, parsed.data));
    } catch (error) {
      if (error instanceof VenueError) {
        return failure(parsed.data.id, error);
      }
      throw error;
    }
  }

  #result(socket: WebSocket, { method, params }: Request): object {
    const subscriptions = this.#connections.get(socket) ?? new Set<number>();
    switch (method) {
      case 'ping':
        return {};
      case 'time':
        return { serverTime: this.#venue.wallTime() };
      case 'userDataStream.subscribe.signature': {
        const texts = Object.fromEntries(
          Object.entries(params).map(([name, value]) => [name, String(value)]),
        );
        checkSignedParams(texts, this.#venue.credentials, this.#venue.wallTime());
        const subscriptionId = this.#nextSubscription;
        this.#nextSubscription += 1;
        subscriptions.add(subscriptionId);
        return { subscriptionId };
      }
      case 'userDataStream.unsubscribe': {
        const given = params.subscriptionId;
        if (given === undefined) {
          subscriptions.clear();
        } else if (!subscriptions.delete(Number(given))) {
          throw new VenueError(
            -1102,
            "Parameter 'subscriptionId' is not a subscription of this connection.",
          );
        }
        return {};
      }
      default:
        throw new VenueError(-1020, 'This operation is not supported.');
    }
  }

  #success(id: Request['id'], result: object): object {
    const { weightPerMinute } = this.#venue.limits;
    return {
      id,
      status: 200,
      result,
      rateLimits: [
        {
          rateLimitType: 'REQUEST_WEIGHT',
          interval: 'MINUTE',
          intervalNum: 1,
          limit: weightPerMinute,
          count: 2,
        },
      ],
    };
  }

  #publish(event: EngineEvent): void {
    const { balances } = this.#venue.engine;
    const message =
      event.kind === 'balances'
        ? accountPosition(
            event.assets.map((asset) => balances.get(asset)),
            event.at,
          )
        : executionReport(event);
    for (const [socket, ids] of this.#connections) {
      for (const subscriptionId of ids) {
        const text = JSON.stringify({ subscriptionId, event: message });
        this.#send(socket, String(message.e), text);
      }
    }
  }
}

function failure(id: Request['id'], error: VenueError): object {
  return { id, status: error.status, error: { code: error.code, msg: error.message } };
}
