/** From the size a strategy asks for to a quantity in base. Marks at the last close, as a backtest does. */
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { positiveDecimal } from '../core/decimal-strings.ts';
import { Decimal, decimal, floorToStep, toDecimalString } from '../core/money.ts';
import type { Size } from './base-strategy.ts';

const amount = z.union([z.number().positive(), positiveDecimal]);

const DEFAULT_ALLOCATION = 0.5;

/**
 * The sizes a template's configuration may state, at most one of them. Spread them into a configuration and read them
 * with `sizeOf`.
 *
 * @param of what has that size, such as `one purchase`
 * @param otherwise fraction of equity where none is stated, as `sizeOf` is told it
 */
export function sizing(of = 'the position', otherwise = String(DEFAULT_ALLOCATION)) {
  return {
    allocation: z
      .number()
      .gt(0)
      .max(1)
      .optional()
      .describe(`fraction of the strategy's equity for ${of}; ${otherwise} without a size`),
    notional: amount.optional().describe(`quote for ${of}`),
    quantity: amount.optional().describe(`base units for ${of}`),
  };
}

export interface Sizing {
  readonly allocation?: number | undefined;
  readonly notional?: number | string | undefined;
  readonly quantity?: number | string | undefined;
}

/** A size that a configuration can state. */
export type StatedSize = Exclude<Size, 'flat' | { readonly risk: number }>;

/** For a configuration's `refine`: not more than one size is stated. */
export function statesOneSize(config: Sizing): boolean {
  const { allocation, notional, quantity } = config;
  return [allocation, notional, quantity].filter((size) => size !== undefined).length <= 1;
}

export const ONE_SIZE = {
  error: 'state one of allocation, notional and quantity, not several',
  path: ['allocation'],
};

/** The size a configuration states; `otherwise`, a fraction of equity, where it states none. */
export function sizeOf(
  { allocation, notional, quantity }: Sizing,
  otherwise = DEFAULT_ALLOCATION,
): StatedSize {
  if (quantity !== undefined) return { qty: plain(quantity) };
  if (notional !== undefined) return { notional: plain(notional) };
  return { allocation: allocation ?? otherwise };
}

/** The same size, short. */
export function shortOf(size: StatedSize): StatedSize {
  if ('qty' in size) return { qty: toDecimalString(decimal(size.qty).neg()) };
  if ('notional' in size) return { notional: toDecimalString(decimal(size.notional).neg()) };
  return { allocation: -size.allocation };
}

/** The quantity of a purchase, in base; null where it is nothing, or the free funds do not pay for it. */
export function affordable(
  size: StatedSize,
  close: number,
  funds: { readonly equity: string; readonly free: string },
): string | null {
  const quantity = quantityOf(size, { close, equity: () => decimal(funds.equity) });
  const cost = decimal(quantity).mul(new Decimal(close));
  return cost.lte(0) || cost.gt(funds.free) ? null : quantity;
}

function plain(value: number | string): string {
  return toDecimalString(new Decimal(value));
}

/** A decimal string as `toDecimalString` writes it; most are given so. */
const CANONICAL = /^-?(?:[1-9]\d*|0(?=\.)|0$)(?:\.\d*[1-9])?$/;
const DEFAULT_STEP = '0.00000001';

/**
 * The signed quantity of a size, as a decimal string. What had to be reckoned is cut to `step` (8 places
 * where no instrument is known), towards zero; `qty` is left as it is, and admission floors it.
 * Without equity, fractions of it are zero. Throws INVALID_INPUT for `risk` without a usable stop.
 */
export function quantityOf(
  size: Size,
  at: {
    readonly close: number;
    readonly equity: () => Decimal;
    readonly stop?: string | undefined;
    readonly step?: string | undefined;
  },
): string {
  if (size === 'flat') return '0';
  if ('qty' in size) {
    return CANONICAL.test(size.qty) ? size.qty : toDecimalString(decimal(size.qty));
  }

  const step = at.step ?? DEFAULT_STEP;
  const close = new Decimal(at.close);
  if ('notional' in size) {
    return toDecimalString(floorToStep(decimal(size.notional).div(close), step));
  }
  const equity = Decimal.max(at.equity(), 0);
  if ('allocation' in size) {
    return toDecimalString(floorToStep(equity.mul(size.allocation).div(close), step));
  }
  if (at.stop === undefined || decimal(at.stop).eq(close)) {
    throw new KeelError(
      'INVALID_INPUT',
      `a size of { risk: ${String(size.risk)} } needs the price at which the position is given up: pass options.stop, other than the last close ${String(at.close)}`,
    );
  }
  const distance = close.minus(at.stop);
  return toDecimalString(floorToStep(equity.mul(size.risk).div(distance), step));
}
