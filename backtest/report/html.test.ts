import { describe, expect, it } from '@jest/globals';
import {
  createCurve,
  createLongRun,
  createResult,
  createTrade,
} from '../../test/factories/backtest.ts';
import { summarise } from '../metrics.ts';
import { renderHtml } from './html.ts';

function render(
  ...[result, options]: [Parameters<typeof summarise>[0], Parameters<typeof renderHtml>[2]?]
) {
  return renderHtml(result, summarise(result), options);
}

describe('renderHtml', () => {
  it('draws every part of a run', () => {
    const { result, series } = createLongRun(3000);
    const page = render(result, { bars: series });
    const titles = [...page.matchAll(/aria-label="([^"]+)"/g)].map(([, title]) => title);
    expect(titles).toEqual([
      'Equity, USDT',
      'Drawdown',
      'BTC/USDT, candles of 12 h',
      'ETH/USDT, candles of 12 h',
      'Returns of trades',
    ]);
    expect(page.match(/<h2>[^<]+/g)).toEqual(
      expect.arrayContaining(['<h2>Returns by month', '<h2>Risk', '<h2>Exit reasons']),
    );
    expect(page).not.toMatch(/NaN|undefined|Infinity|\[object/);
  });

  it('needs no network and runs no script', () => {
    const { result, series } = createLongRun(200);
    const page = render(result, { bars: series });
    expect(page).not.toMatch(/<script|https?:|<link|<img|@import|url\(/);
    expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
  });

  it('escapes what users write, in tags, notices and the configuration', () => {
    const evil = `"><script>alert('x')</script>&`;
    const trades = [createTrade({ entryTag: evil, exitTag: evil })];
    const run = { config: { note: evil }, strategyType: evil };
    const page = render(createResult({ trades, notices: [evil], run }));
    expect(page).not.toContain('<script');
    expect(page.split('&lt;script&gt;alert(&#39;x&#39;)').length - 1).toBeGreaterThanOrEqual(6);
  });

  it('grows with neither bars nor trades', () => {
    const { result, series } = createLongRun(60_000);
    expect(result.trades.length).toBeGreaterThan(3500);
    const page = render(result, { bars: series });
    expect(page.length).toBeLessThan(1_000_000);
    expect(page).toContain('The first 1,000 of 3,750 trades');
    expect(page).toContain('the 1,000 largest of 1,875');
  });

  it('shows runs without bars, trades or movement', () => {
    const empty = render(createResult({ equity: createCurve([]), markets: [] }));
    expect(empty).toContain('No trade was made.');
    expect(empty).not.toContain('<svg');
    const flat = render(createResult({ equity: createCurve([10_000, 10_000]) }));
    expect(flat).toContain('aria-label="Drawdown"');
    expect(flat + empty).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('says so where the bars given are not of the run', () => {
    const { series } = createLongRun(100);
    expect(render(createResult(), { bars: series })).toContain(
      'No bars of BTC/USDT between the ends of the run.',
    );
  });
});
