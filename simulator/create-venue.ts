/** Puts a venue together from its options: recordings, replay, engine, instruments, and the front that speaks for it. */
import { KeelError } from '../core/errors.ts';
import { instrumentOf as binanceInstrument, REGULAR_FEE_RATES } from './binance/exchange-info.ts';
import { binanceFront } from './binance/front.ts';
import { RateCounter, REAL_LIMITS } from './binance/weights.ts';
import { usdmFront } from './binance-usdm/front.ts';
import {
  instrumentOf as usdmInstrument,
  USDM_FEE_RATES,
  USDM_LIMITS,
} from './binance-usdm/instruments.ts';
import { loadCandles, type Recording, symbolOfFile } from './candles.ts';
import type { Faults } from './faults.ts';
import { fundingSchedule } from './funding.ts';
import { Klines } from './klines.ts';
import { MatchingEngine } from './matching.ts';
import { okxFront } from './okx/front.ts';
import { instrumentOf as okxInstrument } from './okx/instruments.ts';
import { RateCounter as OkxRateCounter } from './okx/limits.ts';
import { createMemory } from './okx/memory.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_CONTRACT_SETTINGS,
  DEFAULT_MAINTENANCE_RATE,
  DEFAULT_PASSPHRASE,
  DEFAULT_SECRET,
  DEFAULT_SLIPPAGE_BPS,
  type SimulatorOptions,
} from './options.ts';
import { Replay, type ReplayStart } from './replay.ts';
import type { EngineOrder } from './orders.ts';
import { type KeptState, readState, restoreState } from './state-file.ts';
import type { SimulatedVenue, VenueFront } from './venue.ts';

/** How each venue lists a symbol, and a regular account's fees there. */
const LISTINGS = {
  binance: { instrumentOf: binanceInstrument, feeRates: REGULAR_FEE_RATES },
  'binance-usdm': { instrumentOf: usdmInstrument, feeRates: USDM_FEE_RATES },
  okx: { instrumentOf: okxInstrument, feeRates: REGULAR_FEE_RATES },
} as const;

/** Throws INVALID_INPUT for a flawed recording, option or kept state. */
export function createVenue(
  options: SimulatorOptions,
  faults: Faults,
): SimulatedVenue & { readonly front: VenueFront } {
  const venueName = options.venue ?? 'binance';
  const recordings = options.recordings.map(({ symbol, file }) => ({
    symbol: symbol ?? symbolOfFile(file),
    bars: loadCandles(file),
  }));
  const kept = options.stateFile === undefined ? undefined : readState(options.stateFile);
  const replay = new Replay(recordings, startOf(options, recordings, kept));
  const feeIn = options.feeIn ?? 'received';
  if (feeIn === 'quote') {
    throw new KeelError(
      'INVALID_INPUT',
      'a venue takes fees from what is received or in an asset: feeIn "received" or "BNB"',
    );
  }
  const engine = new MatchingEngine({
    openingBalances: options.balances ?? { USDT: '100000' },
    feeIn,
    feeAssetPrice: (asset, quote) => {
      const market = `${asset}/${quote}`;
      return (
        options.feeAssetPrices?.[quote] ??
        (replay.symbols.includes(market) ? replay.price(market) : undefined)
      );
    },
    slippageBps: options.slippageBps ?? DEFAULT_SLIPPAGE_BPS,
    contracts: {
      settings: options.contracts?.settings ?? DEFAULT_CONTRACT_SETTINGS,
      maintenanceRate: options.contracts?.maintenanceRate ?? DEFAULT_MAINTENANCE_RATE,
      markPrice: (symbol) => replay.markPrice(symbol),
    },
    // A thousand ids a second of wall clock: more than one account's orders can use up.
    idBase: options.idBase ?? Math.floor(Date.now() / 1_000) * 1_000,
  });
  const { instrumentOf, feeRates } = LISTINGS[venueName];
  const instruments = replay.symbols.map((symbol) =>
    instrumentOf(symbol, options.feeRates ?? feeRates),
  );
  if (kept !== undefined) {
    restoreState(kept, engine, instruments);
  }
  const hiddenUntil = new Map<number, number>();
  const venue: SimulatedVenue = {
    replay,
    klines: new Klines(replay),
    engine,
    instruments,
    feeIn,
    wallTime: () => Date.now(),
    isHidden: (orderId) => (hiddenUntil.get(orderId) ?? 0) > Date.now(),
  };
  const hide = ({ orderId }: EngineOrder, ms: number): void => {
    hiddenUntil.set(orderId, Date.now() + ms);
  };
  return { ...venue, front: frontOf(options, venue, faults, hide) };
}

function frontOf(
  options: SimulatorOptions,
  venue: SimulatedVenue,
  faults: Faults,
  hide: (order: EngineOrder, ms: number) => void,
): VenueFront {
  const credentials = {
    apiKey: options.apiKey ?? DEFAULT_API_KEY,
    secret: options.secret ?? DEFAULT_SECRET,
    passphrase: options.passphrase ?? DEFAULT_PASSPHRASE,
  };
  if (options.venue === 'okx') {
    const isForgotten = createMemory(venue);
    const account = { hedgeMode: options.contracts?.hedgeMode ?? false };
    const funding = fundingSchedule(options.contracts ?? {});
    const rates = new OkxRateCounter();
    const okx = { ...venue, credentials, rates, account, funding, isForgotten };
    return okxFront(okx, faults, hide);
  }
  if (options.venue === 'binance-usdm') {
    const limits = { ...USDM_LIMITS, ...options.limits };
    const usdm = {
      ...venue,
      credentials,
      limits,
      rates: new RateCounter(limits),
      funding: fundingSchedule(options.contracts ?? {}),
      account: { hedgeMode: options.contracts?.hedgeMode ?? false },
      listenKeys: new Set<string>(),
    };
    return usdmFront(usdm, faults, hide);
  }
  const limits = { ...REAL_LIMITS, ...options.limits };
  const binance = { ...venue, credentials, limits, rates: new RateCounter(limits) };
  return binanceFront(binance, faults, hide);
}

/** Where the last start ended, as long as the recording goes on from there; else as the options say. */
function startOf(
  { startAt, warmupBars }: SimulatorOptions,
  recordings: readonly Recording[],
  kept: KeptState | undefined,
): ReplayStart {
  const goesOn = recordings.some(
    ({ bars }) => (bars.at(-1)?.openAt ?? 0) >= (kept?.marketTime ?? Infinity),
  );
  if (kept !== undefined && goesOn) {
    return { startAt: kept.marketTime };
  }
  return {
    ...(startAt === undefined ? {} : { startAt }),
    ...(warmupBars === undefined ? {} : { warmupBars }),
  };
}
