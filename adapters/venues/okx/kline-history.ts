/**
 * Closed bars by REST, from windows of time: OKX gives the newest of what is asked for, so each page asks for
 * just as many bars as a page holds. Which bars are closed the venue says itself. Public, so no key is needed.
 */
import { z } from 'zod';
import type { Kline } from '../../../core/kline.ts';
import { intervalMs } from '../../../core/time.ts';
import type { KlineHistory } from '../kline-feed.ts';
import { barOf, parseCandle } from './market-parser.ts';
import type { OkxRequests } from './requests.ts';
import { parseAnswer, rowsOf } from './shapes.ts';

/** `candles` holds this many of the newest bars; a few less are sure. */
const RECENT_BARS = 1_400;
const RECENT_PAGE = 300;
const OLD_PAGE = 100;

export function createKlineHistory(exchange: string, requests: OkxRequests): KlineHistory {
  return {
    async page({ symbol, venueSymbol, interval }, from) {
      const now = await requests.marketTime();
      const barMs = intervalMs(interval);
      const recent = from >= now - RECENT_BARS * barMs;
      const rows = recent ? RECENT_PAGE : OLD_PAGE;
      const until = from + rows * barMs;
      const { json } = await requests.open(recent ? 'market/candles' : 'market/history-candles', {
        instId: venueSymbol,
        bar: barOf(interval),
        before: String(from - 1),
        after: String(until),
        limit: String(rows),
      });
      const klines: Kline[] = [];
      const malformed: { raw: string; reason: string }[] = [];
      for (const row of parseAnswer(rowsOf(z.unknown()), json, 'GET candles').data) {
        const parsed = parseCandle(row, exchange, symbol, interval);
        if (parsed.kind === 'malformed') {
          malformed.push({ raw: JSON.stringify(row), reason: parsed.reason });
        } else if (parsed.kind === 'kline') {
          klines.push(parsed.kline);
        }
      }
      klines.sort((a, b) => a.openAt - b.openAt);
      // A window without bars is a gap of the venue's own: the next may have some.
      return { klines, malformed, next: until < now ? until : null };
    },
  };
}
