/** `GET /fapi/v1/exchangeInfo` → perpetuals. */
import { type Instrument, instrumentSchema } from '../../../../core/instrument.ts';
import { amount } from '../../answers.ts';
import type { FeeRates } from '../instruments.ts';
import type { ContractListing } from './shapes.ts';

/** Of an account without discounts; used where the account was not asked. */
export const STANDARD_CONTRACT_FEES: FeeRates = { maker: '0.0002', taker: '0.0005' };

/** Throws `ZodError` for a listing without its filters. */
export function contractOf(exchange: string, listing: ContractListing, fees: FeeRates): Instrument {
  const field = (filterType: string, name: string): string | undefined => {
    const filter = listing.filters.find((one) => one.filterType === filterType);
    const parsed = amount.safeParse(filter?.[name]);
    return parsed.success ? parsed.data : undefined;
  };
  const up = field('PERCENT_PRICE', 'multiplierUp');
  const down = field('PERCENT_PRICE', 'multiplierDown');
  const band = { bidUp: up, askDown: down, bidDown: '0.000001', askUp: '1000000' };
  return instrumentSchema.parse({
    exchange,
    symbol: `${listing.baseAsset}/${listing.quoteAsset}:${listing.marginAsset}`,
    venueSymbol: listing.symbol,
    base: listing.baseAsset,
    quote: listing.quoteAsset,
    settle: listing.marginAsset,
    contract: 'linear',
    contractSize: '1',
    priceTick: field('PRICE_FILTER', 'tickSize'),
    minPrice: field('PRICE_FILTER', 'minPrice') ?? '0',
    maxPrice: field('PRICE_FILTER', 'maxPrice') ?? '0',
    quantityStep: field('LOT_SIZE', 'stepSize'),
    minQuantity: field('LOT_SIZE', 'minQty') ?? '0',
    maxQuantity: field('LOT_SIZE', 'maxQty'),
    marketMaxQuantity: field('MARKET_LOT_SIZE', 'maxQty'),
    minNotional: field('MIN_NOTIONAL', 'notional') ?? '0',
    // Buys must not be too high, sells not too low: the other side is free (PERCENT_PRICE).
    ...(up === undefined || down === undefined ? {} : { priceBand: band }),
    makerFeeRate: fees.maker,
    takerFeeRate: fees.taker,
  });
}
