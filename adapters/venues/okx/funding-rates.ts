/** The rates that a swap settled at, which OKX keeps for three months. Public, so no key is needed. */
import { z } from 'zod';
import type { FundingRate } from '../../trade-adapter.ts';
import { amount } from '../answers.ts';
import type { OkxRequests } from './requests.ts';
import { milliseconds, parseAnswer, rowsOf } from './shapes.ts';

/** The most rows a page holds, newest first. */
const PAGE = 100;

/** `fundingRate` is what was foretold, `realizedRate` what was paid. */
const rateRow = z.object({ realizedRate: amount, fundingTime: milliseconds });

/** Told at or after `since` (market time), oldest first. */
export async function fundingRatesSince(
  requests: Pick<OkxRequests, 'open'>,
  instId: string,
  since: number,
): Promise<readonly FundingRate[]> {
  const found: FundingRate[] = [];
  for (let after = {}; ;) {
    const params = {
      instId,
      before: String(Math.max(since - 1, 0)),
      limit: String(PAGE),
      ...after,
    };
    const { json } = await requests.open('public/funding-rate-history', params);
    const page = parseAnswer(rowsOf(rateRow), json, 'GET funding-rate-history').data;
    for (const { realizedRate: rate, fundingTime: publishedAt } of page) {
      found.push({ rate, publishedAt });
    }
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return found.reverse();
    after = { after: String(last.fundingTime) };
  }
}
