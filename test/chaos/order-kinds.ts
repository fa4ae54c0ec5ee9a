/**
 * The kinds of orders a chaos run sends: a list to be added to. Each says what its signal asks for and
 * whether a person cancels it on the way.
 */
import { floorToStep, decimal, toDecimalString } from '../../core/money.ts';
import type { Signal } from '../../core/signal.ts';
import { type MarketName, CONTRACT_MARKETS, SPOT_ACCOUNTS } from './venues.ts';

const MINUTE_MS = 60_000;
/** The smallest step of a quantity at the venues, in base. */
export const LOT_STEP = '0.00001';
/** On the tick of every venue. */
const PRICE_TICK = '0.1';

/** The market at the moment a signal is made. */
export interface Moment {
  /** The last price, in quote. */
  readonly price: string;
  readonly marketTime: number;
  /** From 0 to 1, drawn from the run's seed. */
  random(): number;
}

/** What a kind says of its signal; the rest is the same for all. */
export type Ask = Pick<Signal, 'wanted' | 'type'> &
  Partial<
    Pick<Signal, 'limitPrice' | 'stopPrice' | 'execution' | 'stops' | 'timeoutMs' | 'validUntil'>
  >;

export interface OrderKind {
  readonly name: string;
  /** How often it is chosen, against the others'. */
  readonly weight: number;
  /** True: a person cancels it, at some moment of its life. */
  readonly cancelled?: boolean;
  /** Share of them that the strategy leaves again with a flat target some seconds later. */
  readonly leftShare?: number;
  /** The markets it is sent to; absent: those of spot. */
  readonly markets?: readonly MarketName[];
  /** True: too large to be sent without a person, who approves it, rejects it or lets it expire. */
  readonly decided?: boolean;
  /** True: a person amends it once it rests. */
  readonly amended?: boolean;
  /** So many strategies send it at most; absent: any number. */
  readonly strategies?: number;
  ask(moment: Moment): Ask;
}

/** Filled whatever the load, unless a halt or a person is in its way. */
export const MARKET_BUY: OrderKind = {
  name: 'market',
  weight: 4,
  ask: (moment) => ({ type: 'market', wanted: buy(moment) }),
};

export const ORDER_KINDS: readonly OrderKind[] = [
  MARKET_BUY,
  {
    name: 'target that flips',
    weight: 6,
    ask: (moment) => ({
      type: 'market',
      wanted: { kind: 'target', quantity: moment.random() < 0.4 ? '0' : quantity(moment) },
    }),
  },
  {
    name: 'limit at the market',
    weight: 4,
    ask: (moment) => ({
      type: 'limit',
      wanted: buy(moment),
      limitPrice: priceAt(moment, 0.999 + moment.random() * 0.002),
      timeoutMs: 10 * MINUTE_MS,
    }),
  },
  {
    name: 'limit that times out',
    weight: 2,
    ask: (moment) => ({
      type: 'limit',
      wanted: buy(moment),
      limitPrice: priceAt(moment, 0.95),
      timeoutMs: 5 * MINUTE_MS,
    }),
  },
  {
    name: 'limit that is cancelled',
    weight: 2,
    cancelled: true,
    ask: (moment) => ({
      type: 'limit',
      wanted: buy(moment),
      limitPrice: priceAt(moment, 0.95),
      timeoutMs: 60 * MINUTE_MS,
    }),
  },
  {
    name: 'stop above the market',
    weight: 2,
    // OKX's own order follows a triggered stop under another name: its books are compared by its own tests.
    markets: ['binance'],
    ask: (moment) => ({
      type: 'stop',
      wanted: buy(moment),
      stopPrice: priceAt(moment, 1.0005),
      timeoutMs: 10 * MINUTE_MS,
    }),
  },
  {
    name: 'entry with a stop',
    weight: 5,
    leftShare: 0.5,
    // Where a stop rests at the venue it must make way for the exit.
    markets: ['binance'],
    // The venue keeps five stops of a symbol: one is left for those that are no guard's.
    strategies: 4,
    ask: (moment) => ({
      type: 'market',
      // More than the others have bought by then: guards are for what opens or grows a position.
      wanted: {
        kind: 'target',
        quantity: toDecimalString(decimal('0.05').plus(quantity(moment))),
      },
      stops: { stopLoss: { fraction: '0.05' } },
    }),
  },
  {
    name: 'limit with chase',
    weight: 3,
    ask: (moment) => ({
      type: 'limit',
      wanted: buy(moment),
      limitPrice: priceAt(moment, 0.998),
      timeoutMs: 10 * MINUTE_MS,
      execution: {
        kind: 'chase',
        maxAttempts: 5,
        repriceAfterMs: 2_000,
        priceLimit: priceAt(moment, 1.01),
      },
    }),
  },
  {
    name: 'TWAP',
    weight: 3,
    ask: (moment) => ({
      type: 'market',
      wanted: buy(moment),
      execution: { kind: 'twap', durationMs: 6_000, slices: 3, jitter: 0.3, catchUp: 'spread' },
    }),
  },
  {
    name: 'iceberg',
    weight: 2,
    ask: (moment) => ({
      type: 'limit',
      // Four tips at most: each is a workflow and a venue order of its own.
      wanted: { kind: 'order', side: 'buy', quantity: '0.004' },
      limitPrice: priceAt(moment, 1.001),
      timeoutMs: 10 * MINUTE_MS,
      execution: { kind: 'iceberg', displayQuantity: '0.001' },
    }),
  },
  {
    name: 'market that is cancelled',
    weight: 1,
    cancelled: true,
    ask: (moment) => ({ type: 'market', wanted: buy(moment) }),
  },
  {
    name: 'order over the limit',
    weight: 3,
    decided: true,
    ask: (moment) => ({ type: 'market', wanted: { ...buy(moment), quantity: '2.5' } }),
  },
  {
    name: 'limit that is amended',
    weight: 2,
    amended: true,
    ask: (moment) => ({
      type: 'limit',
      wanted: buy(moment),
      limitPrice: priceAt(moment, 0.95),
      // Past the market time of any run: nothing takes the place of an order that timed out.
      timeoutMs: 7 * 24 * 60 * MINUTE_MS,
    }),
  },
  {
    name: 'best venue',
    weight: 2,
    // Not for those whose guards' stops rest at one of them.
    markets: ['okx'],
    ask: (moment) => ({
      type: 'market',
      wanted: buy(moment),
      execution: { kind: 'best-venue', accounts: SPOT_ACCOUNTS },
    }),
  },
  {
    name: 'split across two venues',
    weight: 2,
    markets: ['okx'],
    ask: (moment) => ({
      type: 'market',
      // More than one venue's book offers at its best prices.
      wanted: { ...buy(moment), quantity: '1.5' },
      execution: { kind: 'split', accounts: SPOT_ACCOUNTS },
    }),
  },
  {
    name: 'perpetual bought or sold',
    weight: 4,
    markets: CONTRACT_MARKETS,
    ask: (moment) => ({
      type: 'market',
      wanted: {
        kind: 'order',
        side: moment.random() < 0.5 ? 'buy' : 'sell',
        quantity: lots(moment),
      },
    }),
  },
  {
    name: 'perpetual target that flips',
    weight: 4,
    markets: CONTRACT_MARKETS,
    ask: (moment) => {
      const drawn = moment.random();
      const sign = drawn < 0.7 ? '' : '-';
      // Flat is a reduce-only close.
      return {
        type: 'market',
        wanted: { kind: 'target', quantity: drawn < 0.4 ? '0' : `${sign}${lots(moment)}` },
      };
    },
  },
  {
    name: 'perpetual limit at the market',
    weight: 2,
    markets: CONTRACT_MARKETS,
    ask: (moment) => ({
      type: 'limit',
      wanted: { kind: 'order', side: 'sell', quantity: lots(moment) },
      limitPrice: priceAt(moment, 0.999 + moment.random() * 0.002),
      timeoutMs: 10 * MINUTE_MS,
    }),
  },
  {
    name: 'entry that may expire',
    weight: 1,
    ask: (moment) => ({
      type: 'market',
      wanted: buy(moment),
      validUntil: moment.marketTime + MINUTE_MS,
    }),
  },
];

/** By which a strategy leaves what it entered with a stop. */
export const EXIT: OrderKind = {
  name: 'exit past a stop',
  weight: 0,
  ask: () => ({ type: 'market', wanted: { kind: 'target', quantity: '0' } }),
};

function quantity(moment: Moment): string {
  return toDecimalString(floorToStep(decimal(String(0.001 + moment.random() * 0.009)), LOT_STEP));
}

/** Of a contract: a coarser step, and its least notional is larger. */
function lots(moment: Moment): string {
  return toDecimalString(floorToStep(decimal(String(0.002 + moment.random() * 0.018)), '0.001'));
}

function buy(moment: Moment): Extract<Signal['wanted'], { kind: 'order' }> {
  return { kind: 'order', side: 'buy', quantity: quantity(moment) };
}

/** A share of the last price, on the tick. */
export function priceAt({ price }: Pick<Moment, 'price'>, share: number): string {
  return toDecimalString(floorToStep(decimal(price).mul(String(share)), PRICE_TICK));
}
