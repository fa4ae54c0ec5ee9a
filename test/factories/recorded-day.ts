/** One recorded day of BTC/USDT minutes with the two hours before it, and a desk that fills every target. */
import { readFileSync } from 'node:fs';
import type { Kline } from '../../core/kline.ts';
import { applyFill, emptyPosition } from '../../core/ledger.ts';
import { decimal, toDecimalString } from '../../core/money.ts';
import type { Position } from '../../core/position.ts';
import type { Signal } from '../../core/signal.ts';
import type { Standing } from '../../strategies/base-strategy.ts';
import { createFill, createKline } from './market.ts';

function read(name: string): Kline[] {
  const text = readFileSync(new URL(`../../data/${name}`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => {
      const [openAt, open = '', high = '', low = '', close = '', volume = ''] = row.split(',');
      return createKline({ openAt: Number(openAt), open, high, low, close, volume });
    });
}

/** 2024-12-09 22:00 to 24:00 UTC. */
export function warmUpBars(): Kline[] {
  return read('BTCUSDT-binance-1m-2024-12-09-last-2h.csv');
}

/** 2024-12-10 UTC, 1440 bars. */
export function dayBars(): Kline[] {
  return read('BTCUSDT-binance-1m-2024-12-10.csv');
}

/** Fills every target in full at its reference price, with a fee of 0.1 % in quote. */
export class Desk {
  readonly allocation = '10000';
  #position: Position = emptyPosition('BTC/USDT');

  standing(): Standing {
    return {
      positions: { 'BTC/USDT': this.#position },
      openOrders: [],
      freeFunds: toDecimalString(decimal(this.allocation).plus(this.#position.quoteFlow)),
      allocation: this.allocation,
    };
  }

  fill(signals: readonly Signal[]): void {
    for (const { wanted, referencePrice: price } of signals) {
      const delta = decimal(wanted.quantity).minus(this.#position.quantity);
      if (delta.isZero()) continue;
      const quantity = delta.abs();
      const fill = createFill({
        side: delta.isNegative() ? 'sell' : 'buy',
        price,
        quantity: toDecimalString(quantity),
        feeAmount: toDecimalString(quantity.mul(price).mul('0.001').toDecimalPlaces(8)),
      });
      this.#position = applyFill(this.#position, fill);
    }
  }
}
