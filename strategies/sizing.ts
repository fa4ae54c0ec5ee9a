/** From the size a strategy asks for to a quantity in base. Marks at the last close, as a backtest does. */
import { z } from 'zod';
import { KeelError } from '../core/errors.ts';
import { Decimal, decimal, floorToStep, positiveDecimal, toDecimalString } from '../core/money.ts';
import type { Size, Standing } from './base-strategy.ts';

/** The sizes a template's configuration may state. */
export const sizeConfig = z.union([
  z
    .strictObject({ allocation: z.number().gt(0).max(1) })
    .describe("fraction of the strategy's equity"),
  z.strictObject({ notional: positiveDecimal }).describe('quote'),
  z.strictObject({ qty: positiveDecimal }).describe('base units'),
]);

const DEFAULT_STEP = '0.00000001';

/**
 * The strategy's worth in quote: what it was given plus what its trades made, positions marked at the last
 * closes (symbol → price), or at cost where there is none.
 */
export function equityOf(standing: Standing, closes: Readonly<Record<string, string>>): Decimal {
  let equity = decimal(standing.allocation);
  for (const position of Object.values(standing.positions)) {
    const close = closes[position.symbol];
    const worth =
      close === undefined ? decimal(position.cost) : decimal(position.quantity).mul(close);
    equity = equity.plus(position.quoteFlow).plus(worth);
  }
  return equity;
}

/**
 * The signed quantity of a size, as a decimal string. What had to be reckoned is cut to `step` (8 places
 * where no instrument is known), towards zero; `qty` is left as it is, and admission floors it.
 * Without equity, fractions of it are zero. Throws INVALID_INPUT for `risk` without a usable stop.
 */
export function quantityOf(
  size: Size,
  at: {
    readonly close: string;
    readonly equity: Decimal;
    readonly stop?: string | undefined;
    readonly step?: string | undefined;
  },
): string {
  if (size === 'flat') return '0';
  if ('qty' in size) return toDecimalString(decimal(size.qty));

  const step = at.step ?? DEFAULT_STEP;
  const equity = Decimal.max(at.equity, 0);
  if ('notional' in size) {
    return toDecimalString(floorToStep(decimal(size.notional).div(at.close), step));
  }
  if ('allocation' in size) {
    return toDecimalString(floorToStep(equity.mul(size.allocation).div(at.close), step));
  }
  if (at.stop === undefined || decimal(at.stop).eq(at.close)) {
    throw new KeelError(
      'INVALID_INPUT',
      `a size of { risk: ${String(size.risk)} } needs the price at which the position is given up: pass options.stop, other than the last close ${at.close}`,
    );
  }
  const distance = decimal(at.close).minus(at.stop);
  return toDecimalString(floorToStep(equity.mul(size.risk).div(distance), step));
}
