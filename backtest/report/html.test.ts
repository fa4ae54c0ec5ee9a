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
    const titles = [...page.matchAll(/role="img"\s+aria-label="([^"]+)"/g)].map(
      ([, title]) => title,
    );
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

  it('zooms charts over time by radio buttons and a box that scrolls, both for keys too', () => {
    const { result, series } = createLongRun(3000);
    const page = render(result, { bars: series });
    const box = page.slice(page.indexOf('<section class="zoom"'), page.indexOf('<h2>Returns by'));
    expect(box.match(/type="radio"/g)).toHaveLength(3);
    expect(box).toMatch(/value="1"\s+checked/);
    expect(box.match(/class="scroller" tabindex="0"/g)).toHaveLength(1);
    expect(box.match(/<figure>/g)).toHaveLength(4);
    // Each chart has labels for every zoom, and prices have finer candles near by.
    expect(box.match(/class="x z\d+"/g)).toHaveLength(12);
    expect(box.match(/<g class="z4 z16"/g)).toHaveLength(2);
    expect(box).toContain('zoomed in of 4 h');
  });

  it('shows in sample against out of sample, figure by figure', () => {
    const [inside, outside] = [createLongRun(500).result, createLongRun(200).result];
    const table = {
      title: 'In sample <',
      labels: 1,
      headings: ['a', 'in'],
      rows: [['fast=3', '9']],
    };
    const comparison = { table, remarks: ['a remark'], warnings: ['a warning'] };
    const inSample = { result: inside, summary: summarise(inside) };
    const page = render(outside, { research: { comparison, inSample } });
    expect(page).toContain('<h1>Out of sample of');
    expect(page).toMatch(/<h2>In sample &lt;[^]*fast=3[^]*class="loss">a warning[^]*a remark/);
    expect(page).toMatch(/aria-label="In sample: equity[^]*aria-label="Out of sample: equity/);
    const row = />Round trips<\/td>\s*<td>(\d+)<\/td>\s*<td>(\d+)<\/td>/.exec(page);
    const { roundTrips } = summarise(outside);
    expect(row?.slice(1)).toEqual([inSample.summary.roundTrips, roundTrips].map(String));
    const alone = render(outside, { research: { comparison } });
    expect(alone).not.toMatch(/class="pair"|>in sample</);
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
