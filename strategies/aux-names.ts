/**
 * Names of auxiliary data for `ctx.aux`: `<kind>:<what it is about>`, so that a strategy and whoever publishes the
 * data mean the same. docs/strategies.md lists them with their units.
 */

/** The last funding rate of a perpetual: `funding:binance:BTC/USDT:USDT`. */
export function fundingName(of: { readonly exchange: string; readonly symbol: string }): string {
  return `funding:${of.exchange}:${of.symbol}`;
}
