/** Closed klines by REST: what a source missed, in pages. Public, so no key is needed. */
import { z } from 'zod';
import { KeelError } from '../../../core/errors.ts';
import type { Kline } from '../../../core/kline.ts';
import { intervalMs } from '../../../core/time.ts';
import type { RateBudget } from '../../rate-budget.ts';
import { askHttp, type HttpAnswer } from '../http.ts';
import { errorOf } from './error-codes.ts';
import type { KlineHistory } from '../kline-feed.ts';
import { parseKlineRow } from './market-parser.ts';
import { createBinanceLimits } from './limits.ts';
import { type BinanceMarket, MARKETS } from './requests.ts';
import { parseAnswer, serverTimeSchema } from './shapes.ts';

/** The most rows Binance gives at once. */
const PAGE = 1000;

export function createKlineHistory(options: {
  readonly exchange: string;
  /** Default spot. */
  readonly market?: BinanceMarket;
  readonly restUrl: string;
  readonly budget: RateBudget;
  readonly timeoutMs?: number;
  readonly weightPerMinute?: number;
}): KlineHistory {
  const below = MARKETS[options.market ?? 'spot'].path;
  const root = options.restUrl.replace(/\/+$/, '') + below;
  const limits = createBinanceLimits(options);

  const get = async (
    path: string,
    weight: number,
  ): Promise<Extract<HttpAnswer, { kind: 'answer' }>> => {
    const ticket = await options.budget.take('read', limits.buckets('read', weight));
    const answer = await askHttp({
      url: `${root}/${path}`,
      method: 'GET',
      timeoutMs: options.timeoutMs ?? 10_000,
    });
    const error = errorOf(answer, 'read', `GET ${below}/${path}`);
    if (answer.kind === 'answer') await ticket.heard(limits.newsOf(answer.headers, error));
    if (error !== null) throw error;
    if (answer.kind === 'silence') throw new KeelError('INTERNAL', 'a silence without its error');
    return answer;
  };

  /** Market time. Read before the rows, so that a bar which closes in between is dropped, not half taken. */
  const venueTime = async (): Promise<number> => {
    const answer = await get('time', 1);
    const marketTime = Number(answer.headers.get('x-market-time') ?? Number.NaN);
    if (Number.isInteger(marketTime)) return marketTime;
    return parseAnswer(serverTimeSchema, answer.json, 'GET time').serverTime;
  };

  return {
    async page({ symbol, venueSymbol, interval }, from) {
      const now = await venueTime();
      const query = `symbol=${venueSymbol}&interval=${interval}&startTime=${String(from)}&limit=${String(PAGE)}`;
      const answer = await get(`klines?${query}`, 2);
      const rows = parseAnswer(z.array(z.unknown()), answer.json, 'GET klines');
      const klines: Kline[] = [];
      const malformed: { raw: string; reason: string }[] = [];
      for (const row of rows) {
        const parsed = parseKlineRow(row, options.exchange, symbol, interval);
        if (parsed.kind === 'malformed') {
          malformed.push({ raw: JSON.stringify(row), reason: parsed.reason });
        } else if (parsed.kline.closeAt <= now && parsed.kline.openAt >= from) {
          klines.push(parsed.kline);
        }
      }
      klines.sort((a, b) => a.openAt - b.openAt);
      const last = klines.at(-1);
      const more = rows.length === PAGE && last !== undefined && last.closeAt < now;
      return { klines, malformed, next: more ? last.openAt + intervalMs(interval) : null };
    },
  };
}
