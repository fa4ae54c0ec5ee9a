/** A signed log-in, then `orders` and `account` on `/ws/v5/private`, `orders-algo` on `/ws/v5/business`. */
import type { WebSocket } from 'ws';
import type { EngineEvent } from '../orders.ts';
import type { SendFrame } from '../venue.ts';
import {
  type Arg,
  failure,
  loggedIn,
  type Login,
  readFrame,
  subscriptionAnswers,
} from './frames.ts';
import { algoRow, balanceDetail, isOrder, orderPush } from './order-shapes.ts';
import { isLoginSignature, isLoginTimely } from './signature.ts';
import { instTypeOf, type OkxVenue } from './venue.ts';

const CHANNELS = { private: ['orders', 'account'], business: ['orders-algo'] } as const;
export type PrivateKind = keyof typeof CHANNELS;

interface Connection {
  readonly kind: PrivateKind;
  loggedIn: boolean;
  readonly args: Map<string, Arg>;
}

export class PrivateStream {
  readonly #venue: OkxVenue;
  readonly #send: SendFrame;
  readonly #connections = new Map<WebSocket, Connection>();

  constructor(venue: OkxVenue, send: SendFrame) {
    this.#venue = venue;
    this.#send = send;
    venue.engine.onEvent((event) => {
      this.#publish(event);
    });
  }

  sockets(): WebSocket[] {
    return [...this.#connections.keys()];
  }

  /** Connections that follow the account's orders. */
  get subscriptions(): number {
    return [...this.#connections.values()].filter(({ args }) =>
      [...args.values()].some(({ channel }) => channel === 'orders'),
    ).length;
  }

  /** `first` is a message that has been read from it already. */
  accept(socket: WebSocket, kind: PrivateKind, first?: string): void {
    const connection: Connection = { kind, loggedIn: false, args: new Map() };
    this.#connections.set(socket, connection);
    socket.on('close', () => this.#connections.delete(socket));
    const onText = (text: string): void => {
      for (const answer of this.#answers(connection, text)) {
        socket.send(answer);
      }
    };
    if (first !== undefined) {
      onText(first);
    }
    socket.on('message', (data: Buffer) => {
      onText(data.toString('utf8'));
    });
  }

  #answers(connection: Connection, text: string): string[] {
    const frame = readFrame(text);
    if (typeof frame === 'string') {
      return [frame];
    }
    if (frame.op === 'login') {
      const [login] = frame.args;
      const refusal =
        login === undefined ? failure('60009', 'Login failed.') : this.#refusal(login);
      connection.loggedIn = refusal === undefined;
      return [refusal ?? loggedIn()];
    }
    if (!connection.loggedIn) {
      return [failure('60011', 'Please log in')];
    }
    return subscriptionAnswers(frame, connection.args, ({ channel }) =>
      CHANNELS[connection.kind].some((known) => known === channel),
    );
  }

  #refusal({ apiKey, passphrase, timestamp, sign }: Login): string | undefined {
    const { credentials, wallTime } = this.#venue;
    if (apiKey !== credentials.apiKey) return failure('60005', 'Invalid apiKey');
    if (!isLoginTimely(timestamp, wallTime())) return failure('60006', 'Timestamp request expired');
    if (passphrase !== credentials.passphrase) return failure('60024', 'Wrong passphrase');
    return isLoginSignature(timestamp, sign, credentials.secret)
      ? undefined
      : failure('60007', 'Invalid sign');
  }

  #publish(event: EngineEvent): void {
    const push = event.kind === 'balances' ? this.#balances(event) : this.#order(event);
    for (const [socket, { args }] of this.#connections) {
      for (const arg of args.values()) {
        if (arg.channel === push.channel && isOfType(arg, push.instType)) {
          this.#send(socket, arg.channel, JSON.stringify({ arg, data: [push.row] }));
        }
      }
    }
  }

  #order(event: Exclude<EngineEvent, { kind: 'balances' }>): Push {
    const { order } = event;
    const instType = instTypeOf(order.instrument);
    if (event.kind === 'triggered' || !isOrder(order)) {
      return { channel: 'orders-algo', instType, row: algoRow(order) };
    }
    const trades = this.#venue.engine.tradesOf(order);
    const trade = event.kind === 'trade' ? event.trade : undefined;
    return {
      channel: 'orders',
      instType,
      row: orderPush(order, trades, trade),
    };
  }

  #balances({ assets, at }: Extract<EngineEvent, { kind: 'balances' }>): Push {
    const { balances } = this.#venue.engine;
    const details = assets.map((asset) => balanceDetail(this.#venue, balances.get(asset), at));
    return { channel: 'account', instType: undefined, row: { details, uTime: String(at) } };
  }
}

interface Push {
  readonly channel: string;
  /** Undefined for what is of the account as a whole. */
  readonly instType: string | undefined;
  readonly row: object;
}

function isOfType(arg: Arg, instType: string | undefined): boolean {
  return instType === undefined || arg.instType === 'ANY' || arg.instType === instType;
}
