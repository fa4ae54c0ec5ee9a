/** Funding and liquidation of a backtest's contracts, by core/contract.ts, cross margin. */
import { fundingPayment, liquidationPrice, maintenanceMargin } from '../core/contract.ts';
import { fitPrice } from '../core/filters.ts';
import { Decimal, plainNumber } from '../core/money.ts';
import { firstTouch, type Distance, type Path, type Touch } from './bar-walk.ts';
import type { Books } from './books.ts';
import { toFixedPoint } from './fixed-point.ts';
import type { Market } from './market.ts';
import { plus, type Scaled } from './scaled.ts';

/** Funding rates of a perpetual, oldest first. */
export interface FundingSeries {
  readonly symbol: string;
  /** Milliseconds UTC. */
  readonly at: readonly number[];
  /** Decimal strings; positive: longs pay shorts. */
  readonly rate: readonly string[];
}

/** How near a bar's extreme must come to the reckoned price, as a fraction of it, before it is reckoned exactly. */
const NEAR = 0.001;
const SECOND_MS = 1000;

/** Rates are stamped up to some milliseconds after the full second at which they are due. */
function dueAt(stamp = Infinity): number {
  return Math.floor(stamp / SECOND_MS) * SECOND_MS;
}

export class Contracts {
  /** Received (+) or paid (−), as money. */
  funding: Scaled = 0;
  readonly #books: Books;
  readonly #maintenanceRate: string;
  readonly #due: Map<string, { readonly series: FundingSeries; next: number }>;

  /** @param maintenanceRate margin below which the venue liquidates, as a fraction of notional */
  constructor(books: Books, maintenanceRate: string, funding: readonly FundingSeries[]) {
    this.#books = books;
    this.#maintenanceRate = maintenanceRate;
    this.#due = new Map(funding.map((series) => [series.symbol, { series, next: 0 }]));
  }

  /** Books the funding that fell due up to `now` at the mark. */
  fund(market: Market, now: number): void {
    const due = this.#due.get(market.symbol);
    if (due === undefined) return;
    const { at, rate } = due.series;
    const holding = this.#books.holding(market);
    for (; dueAt(at[due.next]) <= now; due.next += 1) {
      if (holding.quantity === 0) continue;
      const { quantity } = holding.view();
      const mark = plainNumber(market.mark);
      const amount = fundingPayment({ quantity, mark, rate: rate[due.next] ?? '0' });
      const money = toFixedPoint(amount, this.#books.moneyPlaces);
      holding.fund(money);
      this.funding = plus(this.funding, money);
      this.#books.recount();
    }
  }

  /**
   * The price at which the venue closes what it liquidates: on the tick, and never so that the account ends in
   * debt; beyond that its own fund pays.
   */
  closingPrice(market: Market, met: number): string {
    const books = this.#books;
    const { instrument } = market;
    const held = books.holding(market);
    const quantity = new Decimal(held.view().quantity);
    const slope = quantity.minus(quantity.abs().mul(instrument.takerFeeRate));
    const debt = new Decimal(books.toText(held.cost)).minus(books.toText(books.balance()));
    const bankrupt = Decimal.max(debt.div(slope), 0);
    const long = quantity.gt(0);
    const price = long
      ? Decimal.max(plainNumber(met), bankrupt)
      : Decimal.min(plainNumber(met), bankrupt);
    return fitPrice(instrument, long ? 'sell' : 'buy', price.toFixed());
  }

  /** Where the path, from `from` on, liquidates what is held; null where it does not. */
  reached(market: Market, path: Path, from: Distance): Touch | null {
    const { quantity } = this.#books.holding(market);
    if (quantity === 0 || !this.#isNear(market)) return null;
    const price = this.#price(market);
    if (price === null) return null;
    return firstTouch(
      path,
      from,
      Number(price),
      quantity > 0 ? 'falls' : 'rises',
      market.prices.factor,
    );
  }

  /** In doubles: whether the bar comes near the price, so that the exact one is needed. */
  #isNear(market: Market): boolean {
    const books = this.#books;
    const held = books.holding(market);
    let margin = books.toNumber(books.balance());
    let maintenance = 0;
    const rate = Number(this.#maintenanceRate);
    for (const other of books.holdings) {
      if (other === held || !other.market.isContract) continue;
      const notional = other.quantityNumber * other.market.mark;
      margin += notional - books.toNumber(other.cost);
      maintenance += Math.abs(notional) * rate;
    }
    const quantity = held.quantityNumber;
    const slope = quantity - Math.abs(quantity) * rate;
    const price = (books.toNumber(held.cost) + maintenance - margin) / slope;
    const { low, high } = market.bar;
    return quantity > 0 ? low <= price * (1 + NEAR) : high >= price * (1 - NEAR);
  }

  #price(market: Market): string | null {
    const books = this.#books;
    let margin = new Decimal(books.toText(books.balance()));
    let otherMaintenance = new Decimal(0);
    for (const other of books.holdings) {
      if (other.market === market || !other.market.isContract) continue;
      const mark = plainNumber(other.market.mark);
      const { quantity } = other.view();
      margin = margin.plus(new Decimal(mark).mul(quantity)).minus(books.toText(other.cost));
      otherMaintenance = otherMaintenance.plus(
        maintenanceMargin(quantity, mark, this.#maintenanceRate),
      );
    }
    const held = books.holding(market);
    return liquidationPrice({
      quantity: held.view().quantity,
      cost: books.toText(held.cost),
      margin: margin.toFixed(),
      maintenanceRate: this.#maintenanceRate,
      otherMaintenance: otherMaintenance.toFixed(),
    });
  }
}
