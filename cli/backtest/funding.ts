/** Funding rates of perpetuals from CSV files. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import type { FundingSeries } from '../../backtest/contracts.ts';
import type { BarSeries } from '../../core/bar-series.ts';
import { KeelError } from '../../core/errors.ts';
import { decimalString } from '../../core/decimal-strings.ts';
import { isContract } from '../../core/symbol.ts';
import { symbolAndFile } from './run-options.ts';

const rows = z.array(
  z.object({
    timestamp_ms: z.string().regex(/^\d+$/, 'expected milliseconds UTC').transform(Number),
    funding_rate: decimalString,
  }),
);

/**
 * Reads `FILE` or `SYMBOL=FILE`, with the columns `timestamp_ms` and `funding_rate`, oldest first; a file without
 * a symbol is of the data's only perpetual. Throws INVALID_INPUT naming file and row.
 */
export function readFunding(
  sources: readonly string[],
  series: readonly BarSeries[],
): FundingSeries[] {
  const contracts = series.filter(({ symbol }) => isContract(symbol));
  return sources.map((source) => {
    const { symbol = contracts.length === 1 ? contracts[0]?.symbol : undefined, file } =
      symbolAndFile(source);
    if (symbol === undefined || !contracts.some((one) => one.symbol === symbol)) {
      const there = contracts.map((one) => one.symbol).join(', ');
      throw new KeelError(
        'INVALID_INPUT',
        `--funding ${source}: of which perpetual? The data has ${there === '' ? 'none' : there}; write SYMBOL=FILE`,
      );
    }
    return { symbol, ...readRates(file) };
  });
}

function readRates(file: string): Pick<FundingSeries, 'at' | 'rate'> {
  let records: unknown;
  try {
    const bytes = readFileSync(file);
    records = parse(file.endsWith('.gz') ? gunzipSync(bytes) : bytes, {
      columns: true,
      trim: true,
      bom: true,
      skip_empty_lines: true,
    });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError('INVALID_INPUT', `${file} cannot be read as CSV: ${why}`, { cause });
  }
  const parsed = rows.safeParse(records);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const [index, column] = issue?.path ?? [];
    throw new KeelError(
      'INVALID_INPUT',
      `${file}, row ${String(Number(index) + 2)}, ${String(column)}: ${issue?.message ?? ''}; funding rates have the columns timestamp_ms and funding_rate`,
    );
  }
  const at = parsed.data.map((row) => row.timestamp_ms);
  const late = at.findIndex((time, index) => index > 0 && time <= (at[index - 1] ?? 0));
  if (late !== -1) {
    throw new KeelError(
      'INVALID_INPUT',
      `${file}, row ${String(late + 2)}: its time is not after that of the row before; sort the rows, oldest first`,
    );
  }
  return { at, rate: parsed.data.map((row) => row.funding_rate) };
}
