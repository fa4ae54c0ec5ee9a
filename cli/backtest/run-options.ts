/** What a backtest is asked to do, from a file and the command line together. */
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { KeelError } from '../../core/errors.ts';
import { nonNegativeDecimal, positiveDecimal } from '../../core/decimal-strings.ts';
import { Decimal, toDecimalString } from '../../core/money.ts';
import { symbol } from '../../core/symbol.ts';
import { interval } from '../../core/time.ts';

/** A number of a file, or text of the command line, as a decimal string. */
function money(schema: z.ZodType<string>): z.ZodType<string> {
  return z.preprocess((value) => {
    if (typeof value !== 'number' || !Number.isFinite(value)) return value;
    return toDecimalString(new Decimal(value));
  }, schema);
}

const list = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.string().min(1)).min(1),
);
/** `z.coerce` would take an empty text for 0. */
const number = z.preprocess(
  (value) => (typeof value === 'string' && value.trim() !== '' ? Number(value) : value),
  z.number(),
);
const feeRate = nonNegativeDecimal.pipe(
  z.string().refine((rate) => new Decimal(rate).lt(1), 'expected a rate under 1: 0.001 is 0.1 %'),
);
const wholeNumber = number.pipe(z.int().min(0));

/** The keys of a `--config` file; on the command line each is an option, with `-` between words. */
export const runOptionsSchema = z.strictObject({
  strategy: z.string().min(1).optional(),
  strategyPath: list.optional(),
  /** Of the strategy; `--set` on the command line. */
  parameters: z.record(z.string(), z.unknown()).optional(),
  data: list.optional(),
  dataDir: z.string().min(1).optional(),
  pairs: z
    .preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(symbol).min(1))
    .optional(),
  exchange: z.string().min(1).optional(),
  interval: interval.optional(),
  timerange: z.string().optional(),
  wallet: money(positiveDecimal).optional(),
  fee: money(feeRate).optional(),
  feeIn: z.string().min(1).optional(),
  feeAssetPrice: money(positiveDecimal).optional(),
  slippageBps: number.optional(),
  volumeShare: number.optional(),
  latencyBars: number.optional(),
  detail: list.optional(),
  leverage: money(positiveDecimal).optional(),
  funding: list.optional(),
  minNotional: money(nonNegativeDecimal).optional(),
  tick: money(positiveDecimal).optional(),
  step: money(positiveDecimal).optional(),
  maxPosition: money(positiveDecimal).optional(),
  maxOrderNotional: money(positiveDecimal).optional(),
  maxOrdersPerDay: wholeNumber.optional(),
});

export type RunOptions = Readonly<z.infer<typeof runOptionsSchema>>;
export const RUN_OPTION_NAMES = Object.keys(runOptionsSchema.shape) as (keyof RunOptions)[];

/**
 * The options of the file (YAML, or JSON, which is YAML) with those of the command line in their place;
 * `parameters` one by one. Throws INVALID_INPUT naming every fault.
 */
export function readRunOptions(
  given: Readonly<Record<string, unknown>>,
  file?: string,
): RunOptions {
  const inFile = file === undefined ? {} : readOptionFile(file);
  const onLine = checkOptions(given, (key) => `--${kebab(key)}`);
  const parameters = { ...inFile.parameters, ...onLine.parameters };
  return { ...inFile, ...onLine, parameters };
}

function readOptionFile(file: string): RunOptions {
  let content: unknown;
  try {
    content = parseYaml(readFileSync(file, 'utf8'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new KeelError('INVALID_INPUT', `${file} cannot be read as YAML or JSON: ${why}`, {
      cause,
    });
  }
  return checkOptions(content ?? {}, (key) => `${file}: ${key}`);
}

function checkOptions(options: unknown, nameOf: (key: string) => string): RunOptions {
  const parsed = runOptionsSchema.safeParse(options);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const unknown = issue.keys.map(nameOf).join(', ');
      return `${unknown}: unknown; there are ${RUN_OPTION_NAMES.join(', ')}`;
    }
    const [key = '(all of it)'] = issue.path;
    return `${nameOf(String(key))}: ${issue.message}`;
  });
  throw new KeelError('INVALID_INPUT', faults.join('; '), { details: { faults } });
}

function kebab(key: string): string {
  return key === 'parameters'
    ? 'set'
    : key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `SYMBOL=FILE` or `FILE`. */
export function symbolAndFile(text: string): { readonly symbol?: string; readonly file: string } {
  const match = /^([A-Z0-9]+\/[A-Z0-9]+(?::[A-Z0-9]+)?)=(.+)$/.exec(text);
  const [, named, file] = match ?? [];
  return named === undefined || file === undefined ? { file: text } : { symbol: named, file };
}
