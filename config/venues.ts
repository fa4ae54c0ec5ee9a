/** What can be configured of each venue: one schema a venue, told apart by `adapter`. */
import { z } from 'zod';
import { nonNegativeDecimal } from '../core/decimal-strings.ts';
import { isContract, symbol } from '../core/symbol.ts';

const url = z.url();

/** Of every venue. */
const account = {
  /** Collected and tradable. */
  symbols: z.array(symbol).min(1),
  /** Name of the account in PostgreSQL. */
  accountId: z.string().min(1),
  apiKey: z.string().default(''),
  secret: z.string().default(''),
};

/** Of those that trade spot. */
const spot = {
  /** What the venue takes its fee in: received (base on buys), quote, or an asset such as BNB. */
  feeIn: z.string().default('received'),
  /** Balances an account starts with where the venue is not asked (paper). */
  openingBalances: z.record(z.string(), nonNegativeDecimal).default({}),
};

/** Notional per margin of contracts; set at the venue when the orders worker starts, while nothing is open. */
const leverage = z.int().min(1).max(125).default(1);
/** Keel's part of the address's request weight where others use it too; default all the venue allows. */
const weightPerMinute = z.int().min(100).optional();

const binanceSchema = z.strictObject({
  adapter: z.literal('binance'),
  /** REST root, without `/api/v3`. The default is the real venue; tests and the demo give the simulator's. */
  restUrl: url.default('https://api.binance.com'),
  /** Market streams' root, without `/ws`. */
  streamUrl: url.default('wss://stream.binance.com:9443'),
  /** WebSocket API root, without `/ws-api/v3`: the user stream's signed subscription. */
  wsApiUrl: url.default('wss://ws-api.binance.com:443'),
  ...account,
  ...spot,
  weightPerMinute,
});

/** USDⓈ-M perpetuals: an account of its own beside Binance spot. */
const binanceUsdmSchema = z.strictObject({
  adapter: z.literal('binance-usdm'),
  /** REST root, without `/fapi`. */
  restUrl: url.default('https://fapi.binance.com'),
  /** Market streams' root, without `/stream`. */
  streamUrl: url.default('wss://fstream.binance.com'),
  /** User streams' root, without `/ws`. */
  userStreamUrl: url.default('wss://fstream.binance.com'),
  ...account,
  /** Perpetuals such as BTC/USDT:USDT. */
  symbols: z
    .array(symbol.refine(isContract, { error: 'expected a perpetual such as BTC/USDT:USDT' }))
    .min(1),
  weightPerMinute,
  leverage,
  /** Set as the leverage is. */
  marginType: z.enum(['cross', 'isolated']).default('cross'),
  /** The venue takes its fee in the settlement asset. */
  feeIn: z.literal('quote').default('quote'),
});

const okxSchema = z.strictObject({
  adapter: z.literal('okx'),
  /** REST root, without `/api/v5`. */
  restUrl: url.default('https://www.okx.com'),
  /** WebSockets' root, without `/ws/v5`. */
  wsUrl: url.default('wss://ws.okx.com:8443'),
  ...account,
  ...spot,
  /** Chosen when the key was made. */
  passphrase: z.string().default(''),
  /** OKX's demo trading, with its own keys, at the real address; its wsUrl is wss://wspap.okx.com:8443. */
  demo: z.boolean().default(false),
  /** Margin of swaps: the account's as a whole, or each position's own. */
  tdMode: z.enum(['cross', 'isolated']).default('cross'),
  leverage,
});

export const venueSchema = z.discriminatedUnion('adapter', [
  binanceSchema,
  binanceUsdmSchema,
  okxSchema,
]);
export type VenueConfig = z.infer<typeof venueSchema>;

/** Hosts that trade real money; a sandbox must not name them. */
const LIVE_HOSTS = /(^|\.)(binance\.(com|us)|okx\.(com|cab))$/;
/** Of these, the ones that do not. */
const PRACTICE_HOSTS = /^(testnet\.|demo-)/;

export interface VenueFlaw {
  /** The setting it is about. */
  readonly setting: string;
  readonly message: string;
}

/** What keeps a venue from being used in this mode. */
export function flawsOf(mode: 'paper' | 'sandbox' | 'live', venue: VenueConfig): VenueFlaw[] {
  const flaws: VenueFlaw[] = [];
  const { hostname } = new URL(venue.restUrl);
  const practice = PRACTICE_HOSTS.test(hostname) || (venue.adapter === 'okx' && venue.demo);
  if (mode === 'sandbox' && LIVE_HOSTS.test(hostname) && !practice) {
    flaws.push({
      setting: 'restUrl',
      message: `mode "sandbox" must not trade at ${hostname}: give a simulator or testnet, or set mode: live`,
    });
  }
  const keys = { apiKey: venue.apiKey, secret: venue.secret };
  const needed = venue.adapter === 'okx' ? { ...keys, passphrase: venue.passphrase } : keys;
  if (mode === 'live' && Object.values(needed).includes('')) {
    flaws.push({
      setting: 'apiKey',
      message: `mode "live" needs ${Object.keys(needed).join(' and ')} for the account ${venue.accountId}`,
    });
  }
  const contract = venue.symbols.find(isContract);
  if (mode === 'paper' && contract !== undefined) {
    flaws.push({
      setting: 'symbols',
      message: `mode "paper" plays spot only: trade ${contract} in mode "sandbox" or "live"`,
    });
  }
  return flaws;
}
