/** How Binance writes things: eight decimals, symbols without a slash. */
import { type Decimal, decimal } from '../../core/money.ts';

/** `"96440.0"` → `"96440.00000000"`. */
export function fixed8(value: string | Decimal): string {
  return decimal(value).toFixed(8);
}

/** `BTC/USDT` → `BTCUSDT`. */
export function venueSymbol(symbol: string): string {
  return symbol.replace('/', '');
}
