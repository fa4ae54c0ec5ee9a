/**
 * Keel's error codes. Whatever fails, at a venue or in our own rooms, is mapped to one of them at the
 * border, and each says whether trying again can help. They are the `type` of every ApplicationFailure.
 */
export const ERROR_CODES = {
  // Ours.
  INVALID_INPUT: { retryable: false, meaning: 'the input breaks its schema' },
  CONFIG_INVALID: { retryable: false, meaning: 'the configuration breaks its schema' },
  NOT_FOUND: { retryable: false, meaning: 'no such thing' },
  CONFLICT: { retryable: false, meaning: 'the state does not allow it' },
  UNAUTHENTICATED: { retryable: false, meaning: 'no valid token' },
  FORBIDDEN: { retryable: false, meaning: 'the role does not allow it' },
  RATE_LIMITED: { retryable: true, meaning: 'too many requests' },
  FENCED: { retryable: false, meaning: 'another runner owns this instance now' },
  UNAVAILABLE: { retryable: true, meaning: 'a server we need does not answer' },
  INTERNAL: { retryable: true, meaning: 'a defect of ours' },
  // Admission and risk: `denied`, never sent.
  STRATEGY_UNKNOWN: { retryable: false, meaning: 'no strategy of that name is registered' },
  STRATEGY_FAILED: { retryable: false, meaning: "the strategy's own code threw" },
  STRATEGY_NOT_RUNNING: { retryable: false, meaning: 'the strategy does not run' },
  HALTED: { retryable: false, meaning: 'trading is halted' },
  SIGNAL_EXPIRED: { retryable: false, meaning: 'the signal is past its time' },
  SIGNAL_SUPERSEDED: { retryable: false, meaning: 'a newer signal took its place' },
  SHORT_NOT_SUPPORTED: { retryable: false, meaning: 'spot cannot be sold short' },
  NOTHING_TO_SELL: {
    retryable: false,
    meaning: 'what is held is under the smallest sellable quantity',
  },
  NO_ROUTE: { retryable: false, meaning: 'no account takes the order' },
  RISK_POSITION_LIMIT: { retryable: false, meaning: 'the position would pass its limit' },
  RISK_ORDER_NOTIONAL: { retryable: false, meaning: 'the order is larger than allowed' },
  RISK_DAILY_ORDERS: { retryable: false, meaning: "the day's orders are used up" },
  APPROVAL_REJECTED: { retryable: false, meaning: 'a person turned the order down' },
  APPROVAL_EXPIRED: { retryable: false, meaning: 'nobody approved the order in time' },
  RISK_BALANCE: { retryable: false, meaning: 'the funds do not cover it' },
  // Filters, ours and the venue's.
  FILTER_PRICE: { retryable: false, meaning: 'the price is off the tick, the range or the band' },
  FILTER_LOT_SIZE: { retryable: false, meaning: 'the quantity is off the step or the range' },
  FILTER_NOTIONAL: { retryable: false, meaning: 'price × quantity is too small or too large' },
  // A venue's definite refusals: `rejected`.
  VENUE_INSUFFICIENT_BALANCE: {
    retryable: false,
    meaning: 'the venue says the balance is too small',
  },
  VENUE_WOULD_MATCH: { retryable: false, meaning: 'a post-only order would have matched' },
  VENUE_WOULD_TRIGGER: {
    retryable: false,
    meaning: 'a stop order would have triggered at once: its price is behind the market',
  },
  VENUE_REDUCE_ONLY: { retryable: false, meaning: 'a reduce-only order finds nothing to reduce' },
  VENUE_INVALID_ORDER: { retryable: false, meaning: 'the venue refuses the order as it is' },
  VENUE_INVALID_SYMBOL: { retryable: false, meaning: 'the venue does not know the symbol' },
  VENUE_MARKET_CLOSED: { retryable: false, meaning: 'the venue does not trade the symbol now' },
  VENUE_AUTH: { retryable: false, meaning: 'the venue refuses the key, signature or permission' },
  // Refused before it was looked at: safe to send again.
  VENUE_CLOCK: { retryable: true, meaning: "the request's time is outside the venue's window" },
  VENUE_RATE_LIMITED: { retryable: true, meaning: 'the venue asks us to slow down' },
  VENUE_BANNED: { retryable: true, meaning: 'the venue banned this address for a while' },
  // Not refusals.
  VENUE_DUPLICATE_ID: { retryable: false, meaning: 'an order of that id exists: look it up' },
  VENUE_ORDER_NOT_FOUND: { retryable: true, meaning: 'the venue does not know the order (yet)' },
  /** A time-out, a cut, a 5xx, a code not listed: it may or may not have happened. */
  VENUE_UNKNOWN_OUTCOME: { retryable: true, meaning: 'the outcome is not known: look it up' },
  VENUE_UNAVAILABLE: { retryable: true, meaning: 'the venue does not answer a read' },
} as const satisfies Record<string, { retryable: boolean; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The one error class of our own: a code, a sentence for a person, and what is needed to act on it. */
export class KeelError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds after which trying again makes sense, where the other side told us. */
  readonly retryAfterMs: number | undefined;
  /** JSON-safe detail: the venue's raw code and message, the list of config errors. */
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: {
      readonly cause?: unknown;
      readonly retryAfterMs?: number;
      readonly details?: Readonly<Record<string, unknown>>;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'KeelError';
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}
