/** A stored standing as a strategy's context asks for it. */
import { averageCost, emptyPosition } from '../core/ledger.ts';
import { Decimal, decimal } from '../core/money.ts';
import type { OrderView } from '../core/order.ts';
import type { PositionView, Standing } from './base-strategy.ts';
import type { Account, Closes } from './context.ts';

export class SnapshotAccount implements Account {
  readonly #standing: Standing;

  constructor(standing: Standing) {
    this.#standing = standing;
  }

  get free(): string {
    return this.#standing.freeFunds;
  }

  position(symbol: string): PositionView {
    const position = this.#standing.positions[symbol] ?? emptyPosition(symbol);
    const { quantity, realisedPnl } = position;
    return { symbol, quantity, averageCost: averageCost(position), realisedPnl };
  }

  open(symbol: string): readonly OrderView[] {
    return this.#standing.openOrders.filter((order) => order.symbol === symbol);
  }

  /** What it was given plus what its trades made; positions without a close at cost. */
  equity(closes: Closes): Decimal {
    let equity = decimal(this.#standing.allocation);
    for (const position of Object.values(this.#standing.positions)) {
      const close = closes[position.symbol];
      const worth =
        close === undefined
          ? decimal(position.cost)
          : decimal(position.quantity).mul(new Decimal(close));
      equity = equity.plus(position.quoteFlow).plus(worth);
    }
    return equity;
  }
}

/** Of a strategy that only warms up. */
export const NOTHING_HELD = new SnapshotAccount({
  positions: {},
  openOrders: [],
  freeFunds: '0',
  allocation: '0',
});
