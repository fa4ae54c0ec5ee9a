/** `GET public/instruments` → instruments. OKX counts swaps in contracts; with us a quantity is always base. */
import { z } from 'zod';
import { type Instrument, instrumentSchema } from '../../../core/instrument.ts';
import { Decimal, decimal, toDecimalString } from '../../../core/money.ts';
import { parseSymbol } from '../../../core/symbol.ts';
import { amount } from '../answers.ts';
import { amountOrNone } from './shapes.ts';

/** A listing of which only the name is read. */
export const namedRow = z.looseObject({ instId: z.string() });

export const listingRow = z.object({
  instId: z.string().min(1),
  instType: z.enum(['SPOT', 'SWAP']),
  baseCcy: z.string(),
  quoteCcy: z.string(),
  settleCcy: z.string(),
  /** `linear` or `inverse`; empty for spot. */
  ctType: z.string(),
  /** Value of one contract, in `ctValCcy`. */
  ctVal: amountOrNone,
  ctMult: amountOrNone,
  ctValCcy: z.string(),
  tickSz: amount,
  lotSz: amount,
  minSz: amount,
  maxLmtSz: amount,
  maxMktSz: amount,
  state: z.string(),
});
type Listing = z.infer<typeof listingRow>;

/** Fractions of notional, positive where paid. */
export interface FeeRates {
  readonly maker: string;
  readonly taker: string;
}

/** Of an account without discounts (level 1); used where the account was not asked. */
export const STANDARD_FEES: Readonly<Record<'SPOT' | 'SWAP', FeeRates>> = {
  SPOT: { maker: '0.0008', taker: '0.001' },
  SWAP: { maker: '0.0002', taker: '0.0005' },
};

/** `BTC/USDT` → `BTC-USDT`, `BTC/USDT:USDT` → `BTC-USDT-SWAP`. */
export function instIdOf(symbol: string): string {
  const { base, quote, settle } = parseSymbol(symbol);
  return settle === undefined ? `${base}-${quote}` : `${base}-${quote}-SWAP`;
}

export function instTypeOf({ contract }: Pick<Instrument, 'contract'>): 'SPOT' | 'SWAP' {
  return contract === undefined ? 'SPOT' : 'SWAP';
}

/**
 * Null for what Keel does not trade here: inverse contracts, and contracts settled in another asset than
 * their quote. Throws `ZodError` for a listing that breaks our rules.
 */
export function instrumentOf(
  exchange: string,
  listing: Listing,
  fees: FeeRates,
): Instrument | null {
  const swap = listing.instType === 'SWAP';
  const [base = '', quote = ''] = swap
    ? listing.instId.split('-')
    : [listing.baseCcy, listing.quoteCcy];
  if (swap && (listing.ctType !== 'linear' || listing.settleCcy !== quote)) return null;
  const contractSize = swap
    ? toDecimalString(decimal(listing.ctVal).mul(listing.ctMult === '0' ? '1' : listing.ctMult))
    : '1';
  const inBase = (size: string): string => toDecimalString(decimal(size).mul(contractSize));
  return instrumentSchema.parse({
    exchange,
    symbol: swap ? `${base}/${quote}:${quote}` : `${base}/${quote}`,
    venueSymbol: listing.instId,
    base,
    quote,
    ...(swap ? { settle: listing.settleCcy, contract: 'linear' } : {}),
    contractSize,
    priceTick: listing.tickSz,
    minPrice: listing.tickSz,
    maxPrice: '0',
    quantityStep: inBase(listing.lotSz),
    minQuantity: inBase(listing.minSz),
    maxQuantity: inBase(listing.maxLmtSz),
    marketMaxQuantity: inBase(listing.maxMktSz),
    // OKX has no smallest notional, only the smallest size.
    minNotional: '0',
    makerFeeRate: fees.maker,
    takerFeeRate: fees.taker,
  });
}

/** Base → the venue's units. Exact: a quantity on the step is a whole number of lots. */
export function sizeOf(quantity: string, { contractSize }: Instrument): string {
  return toDecimalString(decimal(quantity).div(contractSize));
}

/** The venue's units → base. */
export function quantityOf(size: string, { contractSize }: Instrument): string {
  return toDecimalString(decimal(size).mul(contractSize));
}

/** OKX states rates negative where they are paid. A rebate is no fee: zero. */
export function rateOf(stated: string): string {
  return toDecimalString(Decimal.max(decimal(stated).neg(), 0));
}
