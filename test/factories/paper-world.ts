/** The paper venue over the contract's minutes, for its tests with books in memory and in PostgreSQL. */
import { createPaperAdapter, type PaperOptions } from '../../adapters/venues/paper/adapter.ts';
import {
  CONTRACT_BARS,
  OPENING_BALANCES,
  STARTS_AT,
  SYMBOL,
  type TradingWorld,
} from '../../adapters/venues/trade-adapter.contract.ts';
import { KeelError } from '../../core/errors.ts';
import { createInstrument, createKline } from './market.ts';
import { createMemoryPaperStore } from './memory-paper-store.ts';

const INSTRUMENT = createInstrument({
  marketMaxQuantity: '107.3168',
  priceBand: { bidUp: '5', bidDown: '0.2', askUp: '5', askDown: '0.2' },
});

const BARS = CONTRACT_BARS.map(([open, high, low, close], index) =>
  createKline({ openAt: STARTS_AT + index * 60_000, open, high, low, close }),
);

/** A paper venue over `CONTRACT_BARS`, whose minute is set by hand. */
export function paperWorld(change: Partial<PaperOptions> = {}) {
  const clock = { minute: 0, msInto: 0 };
  const now = (): number => STARTS_AT + clock.minute * 60_000 + clock.msInto;
  const options: PaperOptions = {
    exchange: 'binance',
    accountId: 'paper',
    store: createMemoryPaperStore(),
    klines: {
      range: ({ from, to }) =>
        Promise.resolve(
          BARS.filter(({ closeAt }) => from < closeAt && closeAt <= Math.min(to, now())),
        ),
    },
    market: {
      connect: () => Promise.resolve(),
      disconnect: () => Promise.resolve(),
      instrument: (symbol) =>
        symbol === SYMBOL
          ? Promise.resolve(INSTRUMENT)
          : Promise.reject(new KeelError('NOT_FOUND', `${symbol} is not listed`)),
      orderBook: (symbol) =>
        Promise.resolve({
          symbol,
          bids: [['99999.99', '1']],
          asks: [['100000.01', '1']],
          at: Date.now(),
        }),
      marketTime: () => Promise.resolve(now()),
    },
    price: (symbol) =>
      Promise.resolve(symbol === 'BNB/USDT' ? '500' : (BARS[clock.minute]?.open ?? '0')),
    feeIn: 'received',
    openingBalances: OPENING_BALANCES,
    pollMs: 10,
    ...change,
  };
  return { clock, options, adapter: createPaperAdapter(options) };
}

/** The same as the contract wants it. */
export async function openPaperWorld(change: Partial<PaperOptions> = {}): Promise<TradingWorld> {
  const { adapter, clock } = paperWorld(change);
  await adapter.connect();
  return {
    adapter,
    advance: () => {
      clock.minute += 1;
      return Promise.resolve();
    },
    close: () => adapter.disconnect(),
  };
}
