/**
 * Request counts as the venue counts them: so many in two seconds for each endpoint, orders and cancels for
 * each instrument as well, and new orders of the account together. Past a limit the answer is 50011 with 429,
 * of the account's 50061 in the row.
 */
import { accountTooFast, tooFast } from './errors.ts';

const WINDOW_MS = 2_000;

/** Requests in two seconds; what is not listed is not counted, such as the clock of a replay. */
const ENDPOINTS: Readonly<Record<string, number>> = {
  'GET /api/v5/public/instruments': 20,
  'GET /api/v5/market/ticker': 20,
  'GET /api/v5/market/tickers': 20,
  'GET /api/v5/market/books': 40,
  'GET /api/v5/market/candles': 40,
  'GET /api/v5/market/history-candles': 20,
  'GET /api/v5/account/balance': 10,
  'GET /api/v5/account/config': 5,
  'GET /api/v5/account/positions': 10,
  'GET /api/v5/account/trade-fee': 5,
  'GET /api/v5/trade/order': 60,
  'GET /api/v5/trade/orders-pending': 60,
  'GET /api/v5/trade/orders-history': 40,
  'GET /api/v5/trade/orders-history-archive': 20,
  'GET /api/v5/trade/order-algo': 20,
  'POST /api/v5/trade/order-algo': 20,
  'POST /api/v5/trade/cancel-algos': 20,
  'GET /api/v5/trade/orders-algo-pending': 20,
  'GET /api/v5/trade/orders-algo-history': 20,
  'GET /api/v5/trade/fills': 60,
  'GET /api/v5/trade/fills-history': 10,
};

/** New orders, and cancels, of one instrument. */
const ORDERS_AN_INSTRUMENT = 60;
/** New orders of the account. */
const ORDERS_AN_ACCOUNT = 1_000;

export class RateCounter {
  readonly #counts = new Map<string, number>();
  #window = -1;

  /** Throws 50011. */
  countRequest(endpoint: string, wallTime: number): void {
    if (this.#count(endpoint, wallTime) > (ENDPOINTS[endpoint] ?? Infinity)) {
      throw tooFast();
    }
  }

  /** Throws 50011, and the row's error 50061. */
  countOrder(instId: string, wallTime: number): void {
    if (this.#count(`order ${instId}`, wallTime) > ORDERS_AN_INSTRUMENT) {
      throw tooFast();
    }
    if (this.#count('orders', wallTime) > ORDERS_AN_ACCOUNT) {
      throw accountTooFast();
    }
  }

  /** Throws 50011. */
  countCancel(instId: string, wallTime: number): void {
    if (this.#count(`cancel ${instId}`, wallTime) > ORDERS_AN_INSTRUMENT) {
      throw tooFast();
    }
  }

  #count(name: string, wallTime: number): number {
    const window = Math.floor(wallTime / WINDOW_MS);
    if (window !== this.#window) {
      this.#window = window;
      this.#counts.clear();
    }
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    return count;
  }
}
