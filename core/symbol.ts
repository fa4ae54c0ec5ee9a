/** Unified symbols: `BTC/USDT` is spot, `BTC/USDT:USDT` a perpetual settled in USDT. */
import { z } from 'zod';

const SYMBOL_PATTERN = /^([A-Z0-9]+)\/([A-Z0-9]+)(?::([A-Z0-9]+))?$/;

export const symbol = z
  .string()
  .regex(SYMBOL_PATTERN, 'expected a unified symbol such as BTC/USDT or BTC/USDT:USDT');

/** The symbol of a perpetual. */
export const perpetual = z
  .string()
  .regex(/^[A-Z0-9]+\/[A-Z0-9]+:[A-Z0-9]+$/, 'expected a perpetual such as BTC/USDT:USDT');

export interface SymbolParts {
  readonly base: string;
  readonly quote: string;
  /** Settlement asset of a derivative; absent for spot. */
  readonly settle?: string;
}

/** True for a perpetual: what is held is a contract, and the base asset never changes hands. */
export function isContract(value: string): boolean {
  return parseSymbol(value).settle !== undefined;
}

/** Splits a unified symbol. Throws `RangeError` on anything else. */
export function parseSymbol(value: string): SymbolParts {
  const match = SYMBOL_PATTERN.exec(value);
  const [, base, quote, settle] = match ?? [];
  if (base === undefined || quote === undefined) {
    throw new RangeError(`"${value}" is no unified symbol; write BTC/USDT or BTC/USDT:USDT`);
  }
  return settle === undefined ? { base, quote } : { base, quote, settle };
}
