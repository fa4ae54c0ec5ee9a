/**
 * What a backtest holds of one symbol: core/ledger.ts in scaled integers. Every figure equals that of
 * `applyFill` after the same fills, to the last digit; a property test holds it to that.
 */
import type { Side } from '../core/fill.ts';
import type { PositionView } from '../strategies/base-strategy.ts';
import { fromFixedPoint, unitOf } from './fixed-point.ts';
import { FEE_PLACES, type Market } from './market.ts';
import {
  divideDown,
  divideHalfEven,
  magnitude,
  minus,
  negative,
  plus,
  type Scaled,
  times,
} from './scaled.ts';

/** As core/ledger.ts. */
const COST_PLACES = 18;
const CONTRACT_COST_PLACES = 8;

export interface BookedFill {
  readonly side: Side;
  /** Scaled as the market's prices and quantities. */
  readonly price: Scaled;
  readonly quantity: Scaled;
  /** With FEE_PLACES places. */
  readonly fee: Scaled;
  readonly feeAsset: string;
}

/** What a fill adds to the quantity held, signed: what was traded, less a fee in base. */
export function movedBy(
  { side, quantity, fee, feeAsset }: Omit<BookedFill, 'price'>,
  { instrument, isContract, quantityPlaces }: Market,
): Scaled {
  const traded = side === 'buy' ? quantity : negative(quantity);
  if (feeAsset !== instrument.base || isContract) return traded;
  return minus(traded, times(fee, unitOf(quantityPlaces - FEE_PLACES)));
}

export class Holding {
  readonly market: Market;
  /** Signed, scaled as the market's quantities. */
  quantity: Scaled = 0;
  /** The quantity as a double, for marks and curves. */
  quantityNumber = 0;
  /** The quote flow as a double, and the sum of its parts without their signs. */
  flowNumber = 0;
  flowSize = 0;

  // What fills move is summed in their own scales, which are numbers nearly always; money has more places.
  /** Quote that trades moved, scaled as the market's notionals. */
  #traded: Scaled = 0;
  /** Fees paid in quote, with FEE_PLACES places. */
  #fees: Scaled = 0;
  /** Funding, scaled as money. */
  #funding: Scaled = 0;
  /** Cost, scaled as notionals, and what it is more than that, as money: only a part that was closed leaves a rest. */
  #wholeCost: Scaled = 0;
  #restOfCost: Scaled = 0;
  readonly #money: number;
  readonly #notionalUnit: Scaled;
  readonly #feeUnit: Scaled;
  /** What a cost is rounded to, scaled as money. */
  readonly #costUnit: Scaled;
  /** What brings each scale to doubles. */
  readonly #numbers: Readonly<Record<'quantity' | 'notional' | 'fee' | 'money', number>>;
  #view: PositionView | undefined;

  /** @param moneyPlaces of all amounts in quote; at least those of price × quantity, and 18 */
  constructor(market: Market, moneyPlaces: number) {
    this.market = market;
    this.#money = moneyPlaces;
    this.#notionalUnit = unitOf(moneyPlaces - market.notionalPlaces);
    this.#feeUnit = unitOf(moneyPlaces - FEE_PLACES);
    const places = market.isContract ? CONTRACT_COST_PLACES : COST_PLACES;
    this.#costUnit = unitOf(moneyPlaces - places);
    this.#numbers = {
      quantity: 10 ** market.quantityPlaces,
      notional: 10 ** market.notionalPlaces,
      fee: 10 ** FEE_PLACES,
      money: 10 ** moneyPlaces,
    };
  }

  /** Scaled as money. */
  get cost(): Scaled {
    return plus(times(this.#wholeCost, this.#notionalUnit), this.#restOfCost);
  }

  /** Scaled as money. */
  get quoteFlow(): Scaled {
    const fees = times(this.#fees, this.#feeUnit);
    return plus(minus(times(this.#traded, this.#notionalUnit), fees), this.#funding);
  }

  /** Scaled as money. */
  get realised(): Scaled {
    return plus(this.quoteFlow, this.cost);
  }

  apply(fill: BookedFill): void {
    const { side, price, quantity, fee, feeAsset } = fill;
    const notional = times(price, quantity);
    const tradeFlow = side === 'buy' ? negative(notional) : notional;
    const moved = movedBy(fill, this.market);
    const after = plus(this.quantity, moved);
    this.#moveCost(after, moved, tradeFlow);
    this.quantity = after;
    this.#traded = plus(this.#traded, tradeFlow);
    if (feeAsset === this.market.instrument.quote) this.#fees = plus(this.#fees, fee);
    this.quantityNumber = Number(after) / this.#numbers.quantity;
    this.#changed();
  }

  /** Books funding received (+) or paid (−), scaled as money. */
  fund(amount: Scaled): void {
    this.#funding = plus(this.#funding, amount);
    this.#changed();
  }

  #changed(): void {
    const traded = Number(this.#traded) / this.#numbers.notional;
    const fees = Number(this.#fees) / this.#numbers.fee;
    const funding = Number(this.#funding) / this.#numbers.money;
    this.flowNumber = traded - fees + funding;
    this.flowSize = Math.abs(traded) + Math.abs(fees) + Math.abs(funding);
    this.#view = undefined;
  }

  view(): PositionView {
    this.#view ??= {
      symbol: this.market.symbol,
      quantity: fromFixedPoint(this.quantity, this.market.quantityPlaces),
      averageCost: this.#averageCost(),
      realisedPnl: fromFixedPoint(this.realised, this.#money),
    };
    return this.#view;
  }

  /** See `nextCost` of core/ledger.ts. @param tradeFlow scaled as notionals */
  #moveCost(after: Scaled, moved: Scaled, tradeFlow: Scaled): void {
    const held = this.quantity;
    if (after === 0) {
      this.#wholeCost = 0;
      this.#restOfCost = 0;
    } else if (held !== 0 && held < 0 !== after < 0) {
      const paid = times(negative(tradeFlow), this.#notionalUnit);
      this.#setCost(times(paid, after), moved);
    } else if (magnitude(after) >= magnitude(held)) {
      this.#wholeCost = minus(this.#wholeCost, tradeFlow);
    } else {
      this.#setCost(times(this.cost, after), held);
    }
  }

  /** To a / b, rounded to the places of a cost. */
  #setCost(a: Scaled, b: Scaled): void {
    const cost = times(quotient(a, times(b, this.#costUnit)), this.#costUnit);
    this.#wholeCost = divideDown(cost, this.#notionalUnit);
    this.#restOfCost = minus(cost, times(this.#wholeCost, this.#notionalUnit));
  }

  #averageCost(): string | null {
    if (this.quantity === 0) return null;
    const scale = unitOf(this.market.quantityPlaces + COST_PLACES - this.#money + 18);
    const average = quotient(times(this.cost, scale), times(this.quantity, unitOf(18)));
    return fromFixedPoint(average, COST_PLACES);
  }
}

/** a / b, half to even; `b` is not zero. */
function quotient(a: Scaled, b: Scaled): Scaled {
  return b < 0 ? divideHalfEven(negative(a), negative(b)) : divideHalfEven(a, b);
}
