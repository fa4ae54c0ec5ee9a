/** The fills of a run, in columns: as objects, tens of thousands of them are what the garbage collector moves about. */
import { CHUNK_ROWS, chunkAt, column, ScaledColumn } from './columns.ts';
import type { Fee } from './costs.ts';
import type { Order } from './order.ts';
import type { FilledOrder, OrderLog } from './order-log.ts';
import type { Scaled } from './scaled.ts';

/** One fill, in the scales of its market. */
export interface VenueFill extends FilledOrder {
  readonly price: Scaled;
  readonly quantity: Scaled;
  readonly fee: Scaled;
  readonly feeAsset: string;
  readonly maker: boolean;
  readonly at: number;
}

class Chunk {
  readonly orderNumber = new Float64Array(CHUNK_ROWS);
  readonly price = new ScaledColumn();
  readonly quantity = new ScaledColumn();
  readonly fee = new ScaledColumn();
  readonly feeAsset = column('');
  readonly maker = new Uint8Array(CHUNK_ROWS);
  readonly at = new Float64Array(CHUNK_ROWS);
}

export class FillLog {
  readonly #chunks: Chunk[] = [];
  #length = 0;

  add(order: Order, price: Scaled, quantity: Scaled, fee: Fee, maker: boolean, at: number): void {
    const row = this.#length % CHUNK_ROWS;
    if (row === 0) this.#chunks.push(new Chunk());
    const chunk = chunkAt(this.#chunks, this.#length);
    chunk.orderNumber[row] = order.number;
    chunk.price.set(row, price);
    chunk.quantity.set(row, quantity);
    chunk.fee.set(row, fee.amount);
    chunk.feeAsset[row] = fee.asset;
    chunk.maker[row] = maker ? 1 : 0;
    chunk.at[row] = at;
    this.#length += 1;
  }

  /** Oldest first. @param orders the log that keeps their orders */
  list(orders: OrderLog): VenueFill[] {
    return Array.from({ length: this.#length }, (_, index) => {
      const chunk = chunkAt(this.#chunks, index);
      const row = index % CHUNK_ROWS;
      return {
        ...orders.ofFill(chunk.orderNumber[row] ?? 0),
        price: chunk.price.get(row),
        quantity: chunk.quantity.get(row),
        fee: chunk.fee.get(row),
        feeAsset: chunk.feeAsset[row] ?? '',
        maker: chunk.maker[row] === 1,
        at: chunk.at[row] ?? 0,
      };
    });
  }
}
