/**
 * A request becomes an order, or ends: core's admission and risk rules on the backtest's books.
 *
 * Nearly every order of a backtest is plain: spot, at market, nothing else open. For those `admitPlain` does
 * the same checks on scaled integers; whatever is not plainly fine, a refusal included, goes to the real rules.
 * A property test holds both to the same verdicts.
 */
import { type AdmissionDecision, type AdmissionInput, decideAdmission } from '../core/admission.ts';
import type { RiskContext } from '../core/risk/rule.ts';
import { evaluateRisk } from '../core/risk/rules.ts';
import { Decimal, plainNumber } from '../core/money.ts';
import { tradingDay } from '../core/time.ts';
import { type Request, type SignalOwner, signalOf } from '../strategies/context.ts';
import type { Books } from './books.ts';
import { fromFixedPoint, toFixedPoint } from './fixed-point.ts';
import type { Market } from './market.ts';
import type { Order } from './order.ts';
import { isMultiple, magnitude, minus, plus, type Scaled, times } from './scaled.ts';

export interface RiskLimits {
  readonly maxPosition: string | null;
  readonly maxOrderNotional: string | null;
  readonly maxOrdersPerDay: number | null;
}

export const NO_LIMITS: RiskLimits = {
  maxPosition: null,
  maxOrderNotional: null,
  maxOrdersPerDay: null,
};

/** What became of a request. `cancelFirst`: cancel these, then ask again. */
export type Admitted = 'admitted' | 'ended' | { readonly cancelFirst: readonly string[] };

export class Admission {
  readonly #books: Books;
  readonly #owner: SignalOwner;
  readonly #limits: RiskLimits;
  readonly #buffer: string;
  readonly #unlimited: boolean;
  /** By the index of the market. */
  readonly #reserveShares: ReserveShare[] = [];
  /** Trading day → orders admitted. */
  readonly #ordersOfDay = new Map<string, number>();

  /** @param buffer head room of market orders, a fraction such as `"0.01"` */
  constructor(books: Books, owner: SignalOwner, limits: RiskLimits, buffer: string) {
    this.#books = books;
    this.#owner = owner;
    this.#limits = limits;
    this.#buffer = buffer;
    this.#unlimited =
      limits.maxPosition === null &&
      limits.maxOrderNotional === null &&
      limits.maxOrdersPerDay === null;
  }

  /**
   * Decides on an order that was just asked for, and writes the decision into it. Orders in its way that were
   * not sent yet end superseded.
   */
  admit(order: Order, marketTime: number): Admitted {
    if (this.#admitPlain(order)) return 'admitted';
    const { request, market } = order;
    const holding = this.#books.holding(market);
    const input: AdmissionInput = {
      signal: signalOf(request, this.#owner),
      strategyStatus: 'running',
      currentRunId: this.#owner.runId,
      marketTime,
      position: holding.view().quantity,
      openOrders: this.#openOrders(request.symbol),
      newestSequence: 0,
      instrument: market.instrument,
      buffer: this.#buffer,
    };
    const decision = decideAdmission(input);
    if (decision.verdict === 'blocked') return { cancelFirst: decision.cancelFirst };
    this.#supersede(decision.supersede, request, marketTime);
    if (decision.verdict === 'ended') {
      order.side = decision.side;
      order.quantity = market.quantity(decision.quantity);
      order.price = decision.price;
      const unneeded = decision.state === 'done';
      const status = unneeded ? 'unneeded' : decision.state;
      order.end(decision.state, status, marketTime, decision.code, decision.reason);
      return 'ended';
    }
    this.#take(order, decision);
    return this.#checkRisk(order, decision, marketTime) ? 'admitted' : 'ended';
  }

  #take(order: Order, decision: Extract<AdmissionDecision, { verdict: 'admitted' }>): void {
    order.side = decision.side;
    order.quantity = order.market.quantity(decision.quantity);
    order.price = decision.price;
    order.reducing = decision.reducing;
    order.state = 'admitted';
    order.status = 'admitted';
    const { moneyPlaces } = this.#books;
    const reserve = new Decimal(decision.reserveQuote).toDecimalPlaces(
      moneyPlaces,
      Decimal.ROUND_UP,
    );
    order.reserve(toFixedPoint(reserve.toFixed(), moneyPlaces));
  }

  #checkRisk(
    order: Order,
    decision: Extract<AdmissionDecision, { verdict: 'admitted' }>,
    marketTime: number,
  ): boolean {
    const { request, market } = order;
    const { instrument } = market;
    const books = this.#books;
    const paysQuote = decision.side === 'buy' || market.isContract;
    const free = books.free;
    const others = this.#openOrders(request.symbol);
    const day = tradingDay(marketTime);
    const ordersToday = (this.#ordersOfDay.get(day) ?? 0) + 1;
    const context: RiskContext = {
      order: {
        orderId: request.id,
        strategyId: this.#owner.strategyId,
        symbol: request.symbol,
        side: decision.side,
        quantity: decision.quantity,
        price: decision.price ?? plainNumber(request.referencePrice),
        reducing: decision.reducing,
        source: { kind: 'strategy', name: this.#owner.strategyId },
      },
      instrument,
      marketTime,
      position: {
        quantity: books.holding(market).view().quantity,
        openQuantity: others
          .reduce(
            (sum, { side, remaining }) => sum.plus(side === 'buy' ? remaining : `-${remaining}`),
            new Decimal(0),
          )
          .toFixed(),
      },
      funds: {
        allocation: books.toText(books.wallet),
        free,
        accountFree: paysQuote ? free : this.#freeBase(market),
        required: paysQuote ? books.toText(order.reserved) : decision.quantity,
      },
      ordersToday,
      halts: [],
      limits: { ...this.#limits, approvalNotional: null },
    };
    const report = evaluateRisk(context);
    if (report.approved) {
      this.#ordersOfDay.set(day, ordersToday);
      return true;
    }
    const refusal = report.results.find(({ verdict }) => !verdict.passed)?.verdict;
    if (refusal !== undefined && !refusal.passed) {
      order.reserve(0);
      order.end('denied', 'denied', marketTime, refusal.code, refusal.reason);
    }
    return false;
  }

  /**
   * Admits a plain order that passes every rule with exact integers; false leaves it as it was. The funds it
   * needs are reference price × (1 + buffer) × (1 + taker fee) × quantity, as core/admission.ts reserves them.
   */
  #admitPlain(order: Order): boolean {
    const { request, market } = order;
    const books = this.#books;
    const { wanted } = request;
    const plain =
      this.#unlimited &&
      !market.isContract &&
      request.type === 'market' &&
      request.execution === undefined &&
      wanted.kind === 'target' &&
      books.openOrders.length === 0;
    if (!plain) return false;

    const held = books.holding(market).quantity;
    const target = market.quantity(wanted.quantity);
    const buys = target > held;
    // A short target, and whatever is not on the step, is for the real rules.
    if (target === held || held < 0 || target < 0) return false;
    const quantity = magnitude(minus(target, held));
    const { step, min, max } = market.lots.market;
    if (!isMultiple(quantity, step) || quantity < min || quantity > max) return false;

    const price = market.prices.read(request.referencePrice);
    const notional = times(price, quantity);
    if (notional < market.minNotional) return false;
    if (buys) {
      const share = this.#reserveShareOf(market);
      // Nothing else is open, so nothing else is reserved.
      const paid = books.surelyPays(market.notionalNumber(notional) * share.number);
      if (!paid && times(notional, share.money) > books.freeFunds()) return false;
      order.reserve(notional, share.money);
    }
    order.side = buys ? 'buy' : 'sell';
    order.quantity = quantity;
    order.reducing = !buys;
    order.state = 'admitted';
    order.status = 'admitted';
    return true;
  }

  #reserveShareOf(market: Market): ReserveShare {
    const known = this.#reserveShares[market.index];
    if (known !== undefined) return known;
    const { takerFeeRate } = market.instrument;
    const share = new Decimal(this.#buffer)
      .plus(1)
      .mul(new Decimal(takerFeeRate).plus(1))
      .toFixed();
    const places = this.#books.moneyPlaces - market.notionalPlaces;
    const made = { money: toFixedPoint(share, places), number: Number(share) };
    this.#reserveShares[market.index] = made;
    return made;
  }

  #openOrders(symbol: string): AdmissionInput['openOrders'] {
    return this.#books.openOrders
      .filter((order) => order.request.symbol === symbol && order.remaining > 0)
      .map((order) => ({
        orderId: order.request.id,
        runId: this.#owner.runId,
        sequence: order.request.sequence,
        side: order.side,
        type: order.request.type,
        remaining: fromFixedPoint(order.remaining, order.market.quantityPlaces),
        sent: order.placedAt !== null,
        guardStop: false,
      }));
  }

  /** Base that is not bound in other sells. */
  #freeBase(market: Market): string {
    const bound = this.#books.openOrders
      .filter((order) => order.market === market && order.side === 'sell')
      .reduce<Scaled>((sum, order) => plus(sum, order.remaining), 0);
    const held = this.#books.holding(market).quantity;
    return fromFixedPoint(minus(held, bound), market.quantityPlaces);
  }

  #supersede(orderIds: readonly string[], by: Request, at: number): void {
    for (const order of this.#books.openOrders.filter(({ request }) =>
      orderIds.includes(request.id),
    )) {
      const reason = `signal ${by.id} took its place before it was sent`;
      this.#books.release(order);
      order.end('superseded', 'superseded', at, 'SIGNAL_SUPERSEDED', reason);
    }
  }
}

/** (1 + buffer) × (1 + taker fee): what a market order reserves of its notional. */
interface ReserveShare {
  /** Times what brings a notional to money's places. */
  readonly money: Scaled;
  readonly number: number;
}
