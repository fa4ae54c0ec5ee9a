/** Puts a venue together from its options: recordings, replay, engine, instruments, limits. */
import { KeelError } from '../core/errors.ts';
import { instrumentOf, REGULAR_FEE_RATES } from './binance/exchange-info.ts';
import type { Venue } from './binance/venue.ts';
import { RateCounter, REAL_LIMITS } from './binance/weights.ts';
import { loadCandles, type Recording, symbolOfFile } from './candles.ts';
import { Klines } from './klines.ts';
import { MatchingEngine } from './matching.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_SECRET,
  DEFAULT_SLIPPAGE_BPS,
  type SimulatorOptions,
} from './options.ts';
import { Replay, type ReplayStart } from './replay.ts';
import { type KeptState, readState, restoreState } from './state-file.ts';

/** Throws INVALID_INPUT for a flawed recording, option or kept state. */
export function createVenue(
  options: SimulatorOptions,
  isHidden: (orderId: number) => boolean,
): Venue {
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
      'Binance takes fees from what is received or in an asset: feeIn "received" or "BNB"',
    );
  }
  const limits = { ...REAL_LIMITS, ...options.limits };
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
    // A thousand ids a second of wall clock: more than one account's orders can use up.
    idBase: options.idBase ?? Math.floor(Date.now() / 1_000) * 1_000,
  });
  const instruments = replay.symbols.map((symbol) =>
    instrumentOf(symbol, options.feeRates ?? REGULAR_FEE_RATES),
  );
  if (kept !== undefined) {
    restoreState(kept, engine, instruments);
  }
  return {
    replay,
    klines: new Klines(replay),
    engine,
    instruments,
    credentials: {
      apiKey: options.apiKey ?? DEFAULT_API_KEY,
      secret: options.secret ?? DEFAULT_SECRET,
    },
    limits,
    rates: new RateCounter(limits),
    feeIn,
    wallTime: () => Date.now(),
    isHidden,
  };
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
