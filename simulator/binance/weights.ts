/**
 * Request weights and order counts, counted as the venue counts them: by the wall clock's minute, ten
 * seconds and day. Past the limit it answers 429 with Retry-After; who goes on is banned with 418.
 */
import { banned, tooManyOrders, tooMuchWeight } from './errors.ts';

export interface RateLimits {
  readonly weightPerMinute: number;
  readonly ordersPer10Seconds: number;
  readonly ordersPerDay: number;
  readonly requestsPer5Minutes: number;
}

/** The real venue's, as its exchangeInfo states them. */
export const REAL_LIMITS: RateLimits = {
  weightPerMinute: 6_000,
  ordersPer10Seconds: 100,
  ordersPerDay: 200_000,
  requestsPer5Minutes: 61_000,
};

const MINUTE_MS = 60_000;
const TEN_SECONDS_MS = 10_000;
const DAY_MS = 86_400_000;
/** Requests after the first 429 of a minute until the ban. */
const PATIENCE = 10;
const BAN_MS = 120_000;

/** Real weights; what depends on a parameter is decided here too. */
export function weightOf(method: string, path: string, params: URLSearchParams): number {
  const oneSymbol = params.has('symbol');
  switch (path) {
    case '/api/v3/exchangeInfo':
      return 20;
    case '/api/v3/depth': {
      const limit = Number(params.get('limit') ?? '100');
      return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1_000 ? 50 : 250;
    }
    case '/api/v3/klines':
      return 2;
    case '/api/v3/ticker/24hr':
      return oneSymbol ? 2 : 80;
    case '/api/v3/ticker/price':
    case '/api/v3/ticker/bookTicker':
      return oneSymbol ? 2 : 4;
    case '/api/v3/avgPrice':
      return 2;
    case '/api/v3/account':
    case '/api/v3/account/commission':
    case '/api/v3/allOrders':
      return 20;
    case '/api/v3/myTrades':
      return params.has('orderId') ? 5 : 20;
    case '/api/v3/openOrders':
      return oneSymbol ? 6 : 80;
    case '/api/v3/order':
      return method === 'GET' ? 4 : 1;
    default:
      return 1;
  }
}

interface Window {
  readonly lengthMs: number;
  index: number;
  count: number;
}

/** Counts one address's requests. */
export class RateCounter {
  readonly #limits: RateLimits;
  readonly #weight: Window = { lengthMs: MINUTE_MS, index: 0, count: 0 };
  readonly #requests: Window = { lengthMs: 5 * MINUTE_MS, index: 0, count: 0 };
  readonly #orders10s: Window = { lengthMs: TEN_SECONDS_MS, index: 0, count: 0 };
  readonly #ordersDay: Window = { lengthMs: DAY_MS, index: 0, count: 0 };
  #refused = 0;
  #bannedUntil = 0;

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** Counts a request. Throws −1003 with 429 past the limit and 418 while banned. */
  count(weight: number, wallTime: number): void {
    if (wallTime < this.#bannedUntil) {
      throw banned(this.#bannedUntil, seconds(this.#bannedUntil - wallTime));
    }
    if (roll(this.#weight, wallTime)) {
      this.#refused = 0;
    }
    roll(this.#requests, wallTime);
    this.#weight.count += weight;
    this.#requests.count += 1;
    if (
      this.#weight.count > this.#limits.weightPerMinute ||
      this.#requests.count > this.#limits.requestsPer5Minutes
    ) {
      this.#refused += 1;
      if (this.#refused > PATIENCE) {
        this.#bannedUntil = wallTime + BAN_MS;
        throw banned(this.#bannedUntil, seconds(BAN_MS));
      }
      throw tooMuchWeight(this.#limits.weightPerMinute, seconds(untilNext(this.#weight, wallTime)));
    }
  }

  /** Counts a new order. Throws −1015 with 429 past the limit. */
  countOrder(wallTime: number): void {
    roll(this.#orders10s, wallTime);
    roll(this.#ordersDay, wallTime);
    if (this.#orders10s.count >= this.#limits.ordersPer10Seconds) {
      const wait = seconds(untilNext(this.#orders10s, wallTime));
      throw tooManyOrders(this.#limits.ordersPer10Seconds, '10 SECOND', wait);
    }
    if (this.#ordersDay.count >= this.#limits.ordersPerDay) {
      const wait = seconds(untilNext(this.#ordersDay, wallTime));
      throw tooManyOrders(this.#limits.ordersPerDay, '1 DAY', wait);
    }
    this.#orders10s.count += 1;
    this.#ordersDay.count += 1;
  }

  /** `x-mbx-used-weight…`, and `x-mbx-order-count-…` where an order was counted. */
  headers(withOrders: boolean): Record<string, string> {
    const weight = String(this.#weight.count);
    const used = { 'x-mbx-used-weight': weight, 'x-mbx-used-weight-1m': weight };
    return withOrders
      ? {
          ...used,
          'x-mbx-order-count-10s': String(this.#orders10s.count),
          'x-mbx-order-count-1d': String(this.#ordersDay.count),
        }
      : used;
  }
}

/** Begins a new window where the clock has left the old one. */
function roll(window: Window, wallTime: number): boolean {
  const index = Math.floor(wallTime / window.lengthMs);
  if (index === window.index) {
    return false;
  }
  window.index = index;
  window.count = 0;
  return true;
}

function untilNext(window: Window, wallTime: number): number {
  return window.lengthMs - (wallTime % window.lengthMs);
}

function seconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1_000));
}
