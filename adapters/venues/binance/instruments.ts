/** `GET /api/v3/exchangeInfo` → instruments. */
import { z } from 'zod';
import { type Instrument, instrumentSchema } from '../../../core/instrument.ts';
import { rateLimitsSchema } from './limits.ts';
import { amount } from '../answers.ts';

/** One of its many kinds of filter: we read the numbers of those we know. */
const filterSchema = z.looseObject({ filterType: z.string() });
type RawFilter = z.infer<typeof filterSchema>;

const listingSchema = z.object({
  symbol: z.string().min(1),
  status: z.string(),
  baseAsset: z.string().min(1),
  quoteAsset: z.string().min(1),
  quotePrecision: z.int().nonnegative(),
  baseAssetPrecision: z.int().nonnegative(),
  filters: z.array(filterSchema),
});
type Listing = z.infer<typeof listingSchema>;

export const exchangeInfoSchema = z.object({
  rateLimits: rateLimitsSchema,
  symbols: z.array(listingSchema),
});

export interface FeeRates {
  readonly maker: string;
  readonly taker: string;
}

/** Of an account without discounts; used where the account was not asked. */
export const STANDARD_FEES: FeeRates = { maker: '0.001', taker: '0.001' };

/** Throws `ZodError` for a listing without lot size. */
export function instrumentOf(exchange: string, listing: Listing, fees: FeeRates): Instrument {
  const filter = (type: string): RawFilter | undefined =>
    listing.filters.find((candidate) => candidate.filterType === type);
  const price = filter('PRICE_FILTER');
  const lot = filter('LOT_SIZE');
  const marketLot = filter('MARKET_LOT_SIZE');
  const notional = filter('NOTIONAL') ?? filter('MIN_NOTIONAL');
  const step = number(lot, 'stepSize') ?? unit(listing.baseAssetPrecision);
  const marketStep = number(marketLot, 'stepSize');
  const marketMaximum = number(marketLot, 'maxQty');
  const band = bandOf(filter('PERCENT_PRICE_BY_SIDE'), filter('PERCENT_PRICE'));
  return instrumentSchema.parse({
    exchange,
    symbol: `${listing.baseAsset}/${listing.quoteAsset}`,
    venueSymbol: listing.symbol,
    base: listing.baseAsset,
    quote: listing.quoteAsset,
    contractSize: '1',
    // "0" in a filter's field means that this rule is off.
    priceTick: number(price, 'tickSize') ?? unit(listing.quotePrecision),
    minPrice: number(price, 'minPrice') ?? '0',
    maxPrice: number(price, 'maxPrice') ?? '0',
    quantityStep: step,
    minQuantity: number(lot, 'minQty') ?? '0',
    maxQuantity: number(lot, 'maxQty'),
    ...(marketStep === undefined ? {} : { marketQuantityStep: marketStep }),
    ...(marketLot === undefined ? {} : { marketMinQuantity: number(marketLot, 'minQty') ?? '0' }),
    ...(marketMaximum === undefined ? {} : { marketMaxQuantity: marketMaximum }),
    minNotional: number(notional, 'minNotional') ?? '0',
    ...(band === undefined ? {} : { priceBand: band }),
    makerFeeRate: fees.maker,
    takerFeeRate: fees.taker,
  });
}

function bandOf(
  bySide: RawFilter | undefined,
  both: RawFilter | undefined,
): Partial<Record<string, string>> | undefined {
  if (bySide !== undefined) {
    return {
      bidUp: number(bySide, 'bidMultiplierUp'),
      bidDown: number(bySide, 'bidMultiplierDown'),
      askUp: number(bySide, 'askMultiplierUp'),
      askDown: number(bySide, 'askMultiplierDown'),
    };
  }
  if (both === undefined) return undefined;
  const up = number(both, 'multiplierUp');
  const down = number(both, 'multiplierDown');
  return { bidUp: up, bidDown: down, askUp: up, askDown: down };
}

/** The field's number, undefined where it is absent or zero. */
function number(filter: RawFilter | undefined, field: string): string | undefined {
  const parsed = amount.safeParse(filter?.[field]);
  return parsed.success && parsed.data !== '0' ? parsed.data : undefined;
}

function unit(precision: number): string {
  return precision === 0 ? '1' : `0.${'1'.padStart(precision, '0')}`;
}
