/** Where a chaos run trades: Binance spot, OKX with spot and a swap in one account, and USDⓈ-M. */
import { DEMO_ACCOUNT } from '../../cli/demo/config.ts';

const SPOT = 'BTC/USDT';
const CONTRACT = 'BTC/USDT:USDT';
/** Of contracts, at every venue. */
export const LEVERAGE = 5;
/** A larger order waits for a person. In quote. */
export const APPROVAL_NOTIONAL = '200000';

/** An account each, at a simulator of its own. The first is the demo's. */
export const CHAOS_VENUES = [
  { exchange: 'binance', accountId: DEMO_ACCOUNT, symbols: [SPOT] },
  { exchange: 'okx', accountId: 'okx-sandbox', symbols: [SPOT, CONTRACT] },
  { exchange: 'binance-usdm', accountId: 'usdm-sandbox', symbols: [CONTRACT] },
] as const;
export type ChaosExchange = (typeof CHAOS_VENUES)[number]['exchange'];

/** What a strategy trades. */
export const CHAOS_MARKETS = [
  { name: 'binance', exchange: 'binance', symbol: SPOT },
  { name: 'okx', exchange: 'okx', symbol: SPOT },
  { name: 'binance-usdm', exchange: 'binance-usdm', symbol: CONTRACT },
  { name: 'okx-swap', exchange: 'okx', symbol: CONTRACT },
] as const;
export type ChaosMarket = (typeof CHAOS_MARKETS)[number];
export type MarketName = ChaosMarket['name'];

/** Each is halted for a while, all venues of it at once. */
export const CHAOS_SYMBOLS = [SPOT, CONTRACT] as const;

const of = (wanted: string) => CHAOS_MARKETS.filter(({ symbol }) => symbol === wanted);
export const SPOT_MARKETS: readonly MarketName[] = of(SPOT).map(({ name }) => name);
export const CONTRACT_MARKETS: readonly MarketName[] = of(CONTRACT).map(({ name }) => name);
/** For orders that are shared among accounts. */
export const SPOT_ACCOUNTS: readonly string[] = CHAOS_VENUES.filter(({ symbols }) =>
  symbols.some((symbol) => symbol === SPOT),
).map(({ accountId }) => accountId);
