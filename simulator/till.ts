/** What orders cost and what trades move: money locked for spot orders, margin for contracts, fees for both. */
import { feeOf } from '../core/fill-model.ts';
import { type Decimal, decimal } from '../core/money.ts';
import type { Balances } from './balances.ts';
import type { ContractBook } from './contract-book.ts';
import { holdsLock, lockOf, Refusal, restingPrice, rests } from './order-terms.ts';
import type { EngineOrder, EngineTrade } from './orders.ts';

/** What a trade moved besides the goods. */
type Moved = Pick<EngineTrade, 'feeAmount' | 'feeAsset' | 'realised'>;

export interface FeeTerms {
  /** `received`, or an asset such as `BNB` that pays all fees of spot while there is enough of it. */
  readonly feeIn: string;
  /** Price of the fee asset in a quote asset; undefined where it has none. */
  readonly feeAssetPrice: (asset: string, quote: string) => string | undefined;
}

export class Till {
  readonly #balances: Balances;
  readonly #contracts: ContractBook;
  readonly #fees: FeeTerms;

  constructor(balances: Balances, contracts: ContractBook, fees: FeeTerms) {
    this.#balances = balances;
    this.#contracts = contracts;
    this.#fees = fees;
  }

  /**
   * Refuses an order whose cost is not there, and locks it: base for a sale, price × quantity for a purchase,
   * no fee. A contract needs margin for what it grows by.
   */
  check(order: EngineOrder, fillPrice: string, open: readonly EngineOrder[]): void {
    const contract = order.instrument.contract !== undefined;
    if (order.reduceOnly && this.#contracts.closable(order).isZero()) {
      throw new Refusal('REDUCE_ONLY');
    }
    const price = rests(order) ? restingPrice(order) : decimal(fillPrice);
    if (!this.covers(order, price, open)) {
      throw new Refusal(contract ? 'INSUFFICIENT_MARGIN' : 'INSUFFICIENT_BALANCE');
    }
    if (holdsLock(order)) {
      const { asset, amount } = lockOf(order, order.quantity, price);
      this.#balances.lock(asset, amount);
    }
  }

  /** Whether the account can pay for it at this price, with what its other open orders hold back. */
  covers(order: EngineOrder, price: Decimal, open: readonly EngineOrder[]): boolean {
    if (order.instrument.contract === undefined) {
      const { asset, amount } = lockOf(order, order.quantity, price);
      return this.#balances.get(asset).free.gte(amount);
    }
    const margin = this.#contracts.orderMargin(order, price);
    const others = open.filter((other) => other !== order);
    return margin.isZero() || this.#contracts.available(order.instrument.quote, others).gte(margin);
  }

  /** Frees what is locked for the part that is not filled. */
  unlock(order: EngineOrder): void {
    if (holdsLock(order)) {
      const rest = lockOf(order, order.quantity.sub(order.filled), restingPrice(order));
      this.#balances.lock(rest.asset, rest.amount.neg());
    }
  }

  /** Moves what a trade moves, its fee included. */
  pay(order: EngineOrder, price: Decimal, quantity: Decimal, maker: boolean): Moved {
    return order.instrument.contract === undefined
      ? this.#payForSpot(order, price, quantity, maker)
      : this.#payForContract(order, price, quantity, maker);
  }

  #payForSpot(order: EngineOrder, price: Decimal, quantity: Decimal, maker: boolean): Moved {
    const { base, quote } = order.instrument;
    const cost = price.mul(quantity);
    if (holdsLock(order)) {
      const locked = lockOf(order, quantity, order.price);
      this.#balances.lock(locked.asset, locked.amount.neg());
    }
    const buys = order.side === 'buy';
    this.#balances.addFree(buys ? quote : base, buys ? cost.neg() : quantity.neg());
    this.#balances.addFree(buys ? base : quote, buys ? quantity : cost);
    return { ...this.#takeFee(order, price, quantity, maker), realised: decimal('0') };
  }

  #payForContract(order: EngineOrder, price: Decimal, quantity: Decimal, maker: boolean): Moved {
    const { side, instrument } = order;
    const traded = { side, price: price.toFixed(), quantity: quantity.toFixed() };
    const liquidity = maker ? 'maker' : 'taker';
    const fee = feeOf({ ...traded, liquidity, instrument, feeIn: 'quote' });
    const realised = this.#contracts.fill({ symbol: instrument.symbol, ...traded, ...fee });
    return { feeAmount: decimal(fee.feeAmount), feeAsset: fee.feeAsset, realised };
  }

  /** Takes the fee from the received asset, or from the fee asset while there is enough of it. */
  #takeFee(
    order: EngineOrder,
    price: Decimal,
    quantity: Decimal,
    maker: boolean,
  ): { feeAmount: Decimal; feeAsset: string } {
    const { feeIn, feeAssetPrice } = this.#fees;
    const asked = {
      side: order.side,
      price: price.toFixed(),
      quantity: quantity.toFixed(),
      liquidity: maker ? ('maker' as const) : ('taker' as const),
      instrument: order.instrument,
    };
    let fee = feeOf({ ...asked, feeIn: 'received' });
    const assetPrice =
      feeIn === 'received' ? undefined : feeAssetPrice(feeIn, order.instrument.quote);
    if (assetPrice !== undefined) {
      const inAsset = feeOf({ ...asked, feeIn, feeAssetPrice: assetPrice });
      if (this.#balances.get(feeIn).free.gte(inAsset.feeAmount)) {
        fee = inAsset;
      }
    }
    const feeAmount = decimal(fee.feeAmount);
    this.#balances.addFree(fee.feeAsset, feeAmount.neg());
    return { feeAmount, feeAsset: fee.feeAsset };
  }
}
