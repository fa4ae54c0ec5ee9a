/** Somebody who trades on the account beside Keel: by hand, or by another program. Market orders only. */
import { createMemoryRateBudget } from '../../adapters/storage/rate-budget-memory.ts';
import { createBinanceRequests } from '../../adapters/venues/binance/requests.ts';
import { createOkxRequests } from '../../adapters/venues/okx/requests.ts';
import type { Side } from '../../core/fill.ts';
import { createLogger } from '../../observability/logger.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_PASSPHRASE,
  DEFAULT_SECRET,
  type Simulator,
  type VenueName,
} from '../../simulator/options.ts';

export interface StrangersOrder {
  /** The venue's own name. */
  readonly venueSymbol: string;
  readonly side: Side;
  /** In the venue's unit: base, or at OKX's swaps contracts. */
  readonly quantity: string;
  /** Not Keel's. */
  readonly clientOrderId: string;
}

export type Trade = (order: StrangersOrder) => Promise<void>;

export async function openStranger(venue: VenueName, { httpUrl }: Simulator): Promise<Trade> {
  const access = {
    ...{ restUrl: httpUrl, accountId: 'theirs', budget: createMemoryRateBudget() },
    ...{ apiKey: DEFAULT_API_KEY, secret: DEFAULT_SECRET, passphrase: DEFAULT_PASSPHRASE },
    logger: createLogger('stranger', 'silent'),
  };
  if (venue === 'okx') {
    const requests = createOkxRequests(access);
    await requests.clock.measure();
    return async ({ venueSymbol: instId, side, quantity: sz, clientOrderId: clOrdId }) => {
      const terms = instId.endsWith('-SWAP')
        ? { tdMode: 'cross' }
        : { tdMode: 'cash', tgtCcy: 'base_ccy' };
      await requests.signed({
        ...{ method: 'POST', path: 'trade/order', purpose: 'send', instId },
        params: { instId, side, sz, clOrdId, ordType: 'market', ...terms },
      });
    };
  }
  const market = venue === 'binance-usdm' ? 'usdm' : 'spot';
  const requests = createBinanceRequests({ ...access, market });
  await requests.clock.measure();
  return async ({ venueSymbol: symbol, side, quantity, clientOrderId: newClientOrderId }) => {
    const params = { symbol, side: side.toUpperCase(), type: 'MARKET', quantity, newClientOrderId };
    await requests.signed({
      ...{ method: 'POST', path: 'order', purpose: 'send', weight: 1, params },
    });
  };
}
