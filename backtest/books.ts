/**
 * The backtest's account: one strategy's wallet, holdings and reservations. What is free is reckoned as
 * storage reckons it (adapters/storage/funds.ts): wallet + quote flow of spot + realised less margin of
 * contracts − reservations.
 */
import { initialMargin } from '../core/contract.ts';
import { KeelError } from '../core/errors.ts';
import { Decimal, plainNumber } from '../core/money.ts';
import type { OrderView } from '../core/order.ts';
import type { PositionView } from '../strategies/base-strategy.ts';
import type { Account, Closes, SignalOwner } from '../strategies/context.ts';
import { fromFixedPoint, placesOf, toFixedPoint } from './fixed-point.ts';
import { Holding } from './holding.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';

const LEAST_MONEY_PLACES = 18;

export class Books implements Account {
  /** Digits after the point of all money. */
  readonly moneyPlaces: number;
  readonly wallet: bigint;
  readonly holdings: readonly Holding[];
  /** Not final, in the order asked for. */
  readonly openOrders: Order[] = [];
  reserved = 0n;
  /** Wallet and quote flows as a double, for curves. */
  flowNumber: number;
  readonly #owner: SignalOwner;
  readonly #bySymbol: ReadonlyMap<string, Holding>;

  /** @param buffer head room of market orders as a fraction; its places are added to money's */
  constructor(markets: readonly Market[], wallet: string, buffer: string, owner: SignalOwner) {
    const needed = markets.map(
      (market) =>
        market.notionalPlaces + placesOf(market.instrument.takerFeeRate) + placesOf(buffer),
    );
    this.moneyPlaces = Math.max(LEAST_MONEY_PLACES, placesOf(wallet), ...needed);
    this.wallet = toFixedPoint(wallet, this.moneyPlaces);
    this.holdings = markets.map((market) => new Holding(market, this.moneyPlaces));
    this.#bySymbol = new Map(this.holdings.map((holding) => [holding.market.symbol, holding]));
    this.#owner = owner;
    this.flowNumber = this.toNumber(this.wallet);
  }

  holding(symbol: string): Holding {
    const holding = this.#bySymbol.get(symbol);
    if (holding === undefined) {
      throw new KeelError(
        'NOT_FOUND',
        `there is no data of ${symbol}; the backtest has ${[...this.#bySymbol.keys()].join(', ')}`,
      );
    }
    return holding;
  }

  position(symbol: string): PositionView {
    return this.holding(symbol).view();
  }

  open(symbol: string): readonly OrderView[] {
    return this.openOrders
      .filter((order) => order.request.symbol === symbol)
      .map((order) => order.view(this.#owner));
  }

  equity(closes: Closes): Decimal {
    let total = this.wallet;
    for (const holding of this.holdings) {
      const close = closes[holding.market.symbol];
      const worth = close === undefined ? holding.cost : this.#worth(holding, close);
      total += holding.quoteFlow + worth;
    }
    return new Decimal(this.toText(total));
  }

  get free(): string {
    return this.toText(this.freeFunds());
  }

  /** Quote that is not bound in positions, margins or reservations. */
  freeFunds(): bigint {
    let total = this.balance() - this.reserved;
    for (const holding of this.holdings) {
      if (holding.market.isContract) total -= this.#margin(holding);
    }
    return total;
  }

  /** The account's quote: wallet, what spot trades moved, and what contracts realised. */
  balance(): bigint {
    let total = this.wallet;
    for (const holding of this.holdings) {
      total += holding.market.isContract ? holding.realised : holding.quoteFlow;
    }
    return total;
  }

  /** Margin that a contract's position holds: by its cost, as storage reckons it. */
  #margin({ cost, market }: Holding): bigint {
    if (cost === 0n) return 0n;
    const held = initialMargin(this.toText(cost), market.instrument.leverage ?? '1');
    return toFixedPoint(held, this.moneyPlaces);
  }

  /** An order ends: what is reserved for it is free, and it is open no more. */
  release(order: Order): void {
    if (order.reserved !== 0n) {
      this.reserved -= order.reserved;
      order.reserved = 0n;
    }
    const { openOrders } = this;
    if (openOrders.at(-1) === order) openOrders.pop();
    else {
      const index = openOrders.indexOf(order);
      if (index >= 0) openOrders.splice(index, 1);
    }
  }

  /** After a fill or funding: the curve's part that does not move with prices. */
  recount(): void {
    let total = this.wallet;
    for (const { quoteFlow } of this.holdings) total += quoteFlow;
    this.flowNumber = this.toNumber(total);
  }

  /** Worth at the markets' prices of the moment, exactly. */
  finalEquity(): string {
    let total = this.wallet;
    for (const holding of this.holdings) {
      total += holding.quoteFlow;
      if (holding.quantity !== 0n) total += this.#worth(holding, holding.market.price);
    }
    return this.toText(total);
  }

  toText(money: bigint): string {
    return fromFixedPoint(money, this.moneyPlaces);
  }

  toNumber(money: bigint): number {
    return Number(money) / 10 ** this.moneyPlaces;
  }

  #worth(holding: Holding, price: number): bigint {
    if (holding.quantity === 0n) return 0n;
    const exact = new Decimal(plainNumber(price)).mul(holding.view().quantity);
    return toFixedPoint(exact.toDecimalPlaces(this.moneyPlaces).toFixed(), this.moneyPlaces);
  }
}
