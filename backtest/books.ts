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
import { minus, plus, type Scaled } from './scaled.ts';

const LEAST_MONEY_PLACES = 18;
/** Far more than a sum of some doubles is off, as a share of what was summed. */
const ROUNDING = 1e-9;

export class Books implements Account {
  /** Digits after the point of all money. */
  readonly moneyPlaces: number;
  readonly wallet: Scaled;
  readonly holdings: readonly Holding[];
  /** Not final, in the order asked for. */
  readonly openOrders: Order[] = [];
  /** Wallet and quote flows as a double, for curves. */
  flowNumber = 0;
  /** Wallet and quote flows without their signs: what the rounding of `flowNumber` is measured by. */
  #flowSize = 0;
  readonly #walletNumber: number;
  readonly #hasContracts: boolean;
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
    this.#walletNumber = this.toNumber(this.wallet);
    this.flowNumber = this.#walletNumber;
    this.#flowSize = this.#walletNumber;
    this.#hasContracts = markets.some(({ isContract }) => isContract);
  }

  holding(market: Market): Holding {
    const holding = this.holdings[market.index];
    if (holding === undefined) throw new RangeError(`${market.symbol} is no market of this run`);
    return holding;
  }

  position(symbol: string): PositionView {
    const holding = this.#bySymbol.get(symbol);
    if (holding !== undefined) return holding.view();
    throw new KeelError(
      'NOT_FOUND',
      `there is no data of ${symbol}; the backtest has ${[...this.#bySymbol.keys()].join(', ')}`,
    );
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
      total = plus(total, plus(holding.quoteFlow, worth));
    }
    return new Decimal(this.toText(total));
  }

  get free(): string {
    return this.toText(this.freeFunds());
  }

  /** Quote that is not bound in positions, margins or reservations. */
  freeFunds(): Scaled {
    let total = this.balance();
    for (const { reserved } of this.openOrders) total = minus(total, reserved);
    for (const holding of this.holdings) {
      if (holding.market.isContract) total = minus(total, this.#margin(holding));
    }
    return total;
  }

  /** The account's quote: wallet, what spot trades moved, and what contracts realised. */
  balance(): Scaled {
    let total = this.wallet;
    for (const holding of this.holdings) {
      total = plus(total, holding.market.isContract ? holding.realised : holding.quoteFlow);
    }
    return total;
  }

  /**
   * Whether the balance pays for so much quote beyond all doubt: in doubles, with far more to spare than they round.
   * False where it does not, and where only exact arithmetic can tell.
   */
  surelyPays(quote: number): boolean {
    return !this.#hasContracts && this.flowNumber - quote > ROUNDING * this.#flowSize;
  }

  /** Margin that a contract's position holds: by its cost, as storage reckons it. */
  #margin({ cost, market }: Holding): Scaled {
    if (cost === 0) return 0;
    const held = initialMargin(this.toText(cost), market.instrument.leverage ?? '1');
    return toFixedPoint(held, this.moneyPlaces);
  }

  /** An order ends: what is reserved for it is free, and it is open no more. */
  release(order: Order): void {
    order.reserve(0);
    const { openOrders } = this;
    if (openOrders.at(-1) === order) openOrders.pop();
    else {
      const index = openOrders.indexOf(order);
      if (index >= 0) openOrders.splice(index, 1);
    }
  }

  /** After a fill or funding: the curve's part that does not move with prices. */
  recount(): void {
    let total = this.#walletNumber;
    let size = this.#walletNumber;
    for (const { flowNumber, flowSize } of this.holdings) {
      total += flowNumber;
      size += flowSize;
    }
    this.flowNumber = total;
    this.#flowSize = size;
  }

  /** Worth at the markets' prices of the moment, exactly. */
  finalEquity(): string {
    let total = this.wallet;
    for (const holding of this.holdings) {
      const worth = this.#worth(holding, holding.market.price);
      total = plus(total, plus(holding.quoteFlow, worth));
    }
    return this.toText(total);
  }

  toText(money: Scaled): string {
    return fromFixedPoint(money, this.moneyPlaces);
  }

  toNumber(money: Scaled): number {
    return Number(money) / 10 ** this.moneyPlaces;
  }

  #worth(holding: Holding, price: number): Scaled {
    if (holding.quantity === 0) return 0;
    const exact = new Decimal(plainNumber(price)).mul(holding.view().quantity);
    return toFixedPoint(exact.toDecimalPlaces(this.moneyPlaces).toFixed(), this.moneyPlaces);
  }
}
