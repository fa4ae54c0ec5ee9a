/**
 * The orders of a run. Of those that are over only what the result tells is kept, in columns: as objects, tens of
 * thousands of them are what the garbage collector moves about.
 */
import type { Side } from '../core/fill.ts';
import type { IntentState, OrderStatus } from '../core/order.ts';
import type { OrderType } from '../core/signal.ts';
import type { Request } from '../strategies/context.ts';
import { CHUNK_ROWS, chunkAt, column, ScaledColumn } from './columns.ts';
import { fromFixedPoint } from './fixed-point.ts';
import type { Market } from './market.ts';
import { Order } from './order.ts';
import type { BacktestOrder } from './result.ts';

/** What a fill has of its order. */
export interface FilledOrder {
  readonly market: Market;
  readonly orderId: string;
  readonly tag: string;
  readonly side: Side;
}

class Chunk {
  readonly id = column('');
  readonly market: Market[];
  readonly side = column<Side>('buy');
  readonly type = column<OrderType>('market');
  readonly price = column<string | null>(null);
  readonly quantity = new ScaledColumn();
  readonly filled = new ScaledColumn();
  readonly state = column<IntentState>('pending');
  readonly status = column<OrderStatus>('pending');
  readonly reasonCode = column<string | null>(null);
  readonly reason = column<string | null>(null);
  readonly tag = column('');
  readonly askedAt = new Float64Array(CHUNK_ROWS);
  /** NaN while it is open. */
  readonly endedAt = new Float64Array(CHUNK_ROWS);

  constructor(market: Market) {
    this.market = column(market);
  }
}

export class OrderLog {
  /** Orders made so far; the number of an order is its place among them, from 1. */
  made = 0;
  /** Of them, those that asked for an execution plan. */
  planned = 0;
  readonly #chunks: Chunk[] = [];
  readonly #keep = (order: Order): void => {
    this.keep(order);
  };

  /** Makes an order, which is kept as soon as it ends. */
  make(request: Request, market: Market, side: Side): Order {
    if (this.made % CHUNK_ROWS === 0) this.#chunks.push(new Chunk(market));
    this.made += 1;
    if (request.execution !== undefined) this.planned += 1;
    return new Order(this.made, request, market, side, this.#keep);
  }

  /** Keeps an order as it stands. */
  keep(order: Order): void {
    const { request } = order;
    const chunk = chunkAt(this.#chunks, order.number - 1);
    const row = (order.number - 1) % CHUNK_ROWS;
    chunk.id[row] = request.id;
    chunk.market[row] = order.market;
    chunk.side[row] = order.side;
    chunk.type[row] = request.type;
    chunk.price[row] = order.price ?? request.stopPrice ?? null;
    chunk.quantity.set(row, order.quantity);
    chunk.filled.set(row, order.filled);
    chunk.state[row] = order.state;
    chunk.status[row] = order.status;
    chunk.reasonCode[row] = order.reasonCode;
    chunk.reason[row] = order.reason;
    chunk.tag[row] = request.tag;
    chunk.askedAt[row] = request.eventTime;
    chunk.endedAt[row] = order.endedAt ?? Number.NaN;
  }

  /** In the order asked for. All of them must have been kept. */
  list(): BacktestOrder[] {
    return Array.from({ length: this.made }, (_, index) => {
      const chunk = chunkAt(this.#chunks, index);
      const row = index % CHUNK_ROWS;
      const { symbol, quantityPlaces } = value(chunk.market, row);
      const quantity = chunk.quantity.get(row);
      const endedAt = chunk.endedAt[row] ?? Number.NaN;
      return {
        orderId: value(chunk.id, row),
        symbol,
        side: quantity === 0 ? null : value(chunk.side, row),
        type: value(chunk.type, row),
        price: value(chunk.price, row),
        quantity: fromFixedPoint(quantity, quantityPlaces),
        filledQuantity: fromFixedPoint(chunk.filled.get(row), quantityPlaces),
        state: value(chunk.state, row),
        status: value(chunk.status, row),
        reasonCode: value(chunk.reasonCode, row),
        reason: value(chunk.reason, row),
        tag: value(chunk.tag, row),
        askedAt: chunk.askedAt[row] ?? 0,
        endedAt: Number.isNaN(endedAt) ? null : endedAt,
      };
    });
  }

  ofFill(orderNumber: number): FilledOrder {
    const chunk = chunkAt(this.#chunks, orderNumber - 1);
    const row = (orderNumber - 1) % CHUNK_ROWS;
    return {
      market: value(chunk.market, row),
      orderId: value(chunk.id, row),
      tag: value(chunk.tag, row),
      side: value(chunk.side, row),
    };
  }
}

function value<T>(values: readonly T[], index: number): T {
  const found = values[index];
  if (found === undefined) throw new RangeError(`there is no row ${String(index)} in the log`);
  return found;
}
