/** What a simulated venue is started with, and what it offers once it runs. */
import type { ContractSettings } from './contract-book.ts';
import type { RateLimits } from './binance/weights.ts';
import type { Faults } from './faults.ts';
import type { FeeRates } from './venue.ts';

export const VENUES = ['binance', 'binance-usdm', 'okx'] as const;
export type VenueName = (typeof VENUES)[number];

export interface SimulatorOptions {
  /** Whose wire protocol it speaks. Default `binance`. */
  readonly venue?: VenueName;
  /** One-minute recordings; the symbol is read from the file's name where not given. */
  readonly recordings: readonly { readonly symbol?: string; readonly file: string }[];
  /** First forming minute: market time in milliseconds. What lies before is history for warm-up. */
  readonly startAt?: number;
  /** Or: so many minutes of history. Default 0. */
  readonly warmupBars?: number;
  /**
   * `stepped` (default) moves on only by `advance`; `{ speed: n }` moves by itself n times as fast as
   * real, 0 as fast as it goes, from `start` on.
   */
  readonly pace?: 'stepped' | { readonly speed: number };
  /** Opening balances by asset. Default 100000 USDT. */
  readonly balances?: Readonly<Record<string, string>>;
  /** `received` (default), or an asset such as `BNB` that pays all fees while there is enough of it. */
  readonly feeIn?: string;
  /** Price of the fee asset in each quote asset, where its market is not recorded: `{ USDT: '600' }`. */
  readonly feeAssetPrices?: Readonly<Record<string, string>>;
  /** Fractions of notional. Default 0.001 both. */
  readonly feeRates?: FeeRates;
  /** How much worse than the price of the moment a market order fills, in hundredths of a per cent. Default 0. */
  readonly slippageBps?: number;
  /** Of perpetuals; each part has a default. */
  readonly contracts?: {
    /** What a symbol is set to until the account sets it otherwise. Default leverage 20, cross margin. */
    readonly settings?: ContractSettings;
    /** Maintenance margin as a fraction of notional. Default 0.004. */
    readonly maintenanceRate?: string;
    /** A file of recorded rates (timestamp_ms, funding_rate), or one constant rate. Default: constant 0.0001. */
    readonly funding?: { readonly file: string } | { readonly rate: string };
    /** Market time between two payments. Default 8 hours. */
    readonly fundingEveryMs?: number;
    /** The account begins with a position a side, as no venue's default is. */
    readonly hedgeMode?: boolean;
  };
  /** Default `simulator-key`, `simulator-secret` and `simulator-passphrase`; only OKX asks for the last. */
  readonly apiKey?: string;
  readonly secret?: string;
  readonly passphrase?: string;
  /** Binance's rate limits, where they differ from the real venue's. */
  readonly limits?: Partial<RateLimits>;
  /** Default 127.0.0.1 and a free port. */
  readonly host?: string;
  readonly port?: number;
  /**
   * Order and trade ids count up from here. The default is derived from the wall clock's second, so ids of
   * a later start never repeat those of an earlier one.
   */
  readonly idBase?: number;
  /**
   * Where given, orders, trades, balances and market time are kept in this file, and a later start goes on
   * from there (`balances` and `startAt` then count only for the first). Without it nothing outlives `close`.
   */
  readonly stateFile?: string;
}

export const DEFAULT_API_KEY = 'simulator-key';
export const DEFAULT_SECRET = 'simulator-secret';
export const DEFAULT_PASSPHRASE = 'simulator-passphrase';
export const DEFAULT_SLIPPAGE_BPS = 0;
export const DEFAULT_CONTRACT_SETTINGS: ContractSettings = { leverage: 20, marginType: 'cross' };
export const DEFAULT_MAINTENANCE_RATE = '0.004';

/** What the simulator says of itself; also the body of `GET /sim/state`. */
export interface SimulatorState {
  readonly marketTime: number;
  readonly wallTime: number;
  /** Minutes closed since this start, of how many. */
  readonly bar: number;
  readonly totalBars: number;
  /** The recording has ended; the price stays at its last close. */
  readonly done: boolean;
  readonly running: boolean;
  /** By unified symbol. */
  readonly prices: Readonly<Record<string, string>>;
  readonly orders: number;
  readonly openOrders: number;
  readonly trades: number;
  readonly connections: {
    readonly market: number;
    readonly user: number;
    readonly userStreams: number;
  };
}

/** The body of `GET /sim/orders`, in Binance's words at every venue; a trade carries its order's client id as well. */
export interface VenueBooks {
  readonly orders: readonly Record<string, unknown>[];
  readonly trades: readonly Record<string, unknown>[];
  readonly balances: readonly Record<string, string>[];
  /** Of contracts, in base and quote; a flat one may be among them. */
  readonly positions: readonly Record<string, string>[];
}

export interface Advance {
  readonly marketTime: number;
  readonly done: boolean;
  /** Minutes closed since the start. */
  readonly bar: number;
}

export interface Simulator {
  /** Without `/api/v3`, `/fapi` and `/api/v5`. */
  readonly httpUrl: string;
  /** Without `/ws`, `/ws-api/v3` and `/ws/v5`. */
  readonly wsUrl: string;
  readonly faults: Faults;
  /** Closes so many minutes (fewer at the end of the recording). Throws CONFLICT while it runs by itself. */
  advance(bars?: number): Advance;
  /** Lets a paced replay run. Throws CONFLICT where it is stepped. */
  start(): void;
  state(): SimulatorState;
  /** All orders, trades, balances and positions, in one form for every venue. */
  orders(): VenueBooks;
  /** Takes so much of a contract's position by an order of the venue's own, at the price of the moment. */
  deleverage(symbol: string, quantity: string): void;
  /** Cuts connections without a close frame; returns how many. */
  cutStreams(which: 'market' | 'user' | 'all'): number;
  /** Resolves at the end of the recording. */
  finished(): Promise<void>;
  close(): Promise<void>;
}
