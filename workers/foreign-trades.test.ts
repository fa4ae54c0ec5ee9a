/** When a reconciliation is asked for; end to end in test/foreign-trades.integration.test.ts. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ForeignTradeNotice } from '../adapters/trade-adapter.ts';
import { createLogger } from '../observability/logger.ts';
import { watchForeignTrades } from './foreign-trades.ts';

const PACE = { settleMs: 100, gapMs: 1_000 };
const TRADED: ForeignTradeNotice = { venueSymbol: 'BTCUSDT' };

let asked: string[];
let failures: number;
let refusals: number;
let open: Map<string, (notice: ForeignTradeNotice) => void>;

beforeEach(() => {
  jest.useFakeTimers();
  [asked, failures, refusals, open] = [[], 0, 0, new Map()];
});
afterEach(() => {
  jest.useRealTimers();
});

const account = (accountId: string) => ({
  accountId,
  watchForeignTrades: async (onNotice: (notice: ForeignTradeNotice) => void) => {
    refusals -= 1;
    if (refusals >= 0) throw new Error('no stream today');
    open.set(accountId, onNotice);
    return {
      close: async () => {
        open.delete(accountId);
      },
    };
  },
});

async function watch(...accountIds: string[]): Promise<ReturnType<typeof watchForeignTrades>> {
  const watching = watchForeignTrades(
    accountIds.map(account),
    async (accountId) => {
      asked.push(accountId);
      failures -= 1;
      if (failures >= 0) throw new Error('Temporal is away');
    },
    createLogger('test', 'silent'),
    PACE,
  );
  await jest.advanceTimersByTimeAsync(0);
  return watching;
}

const say = (accountId: string): void => open.get(accountId)?.(TRADED);

describe('trades of others', () => {
  it('are asked for once they have settled, many of them at once', async () => {
    await watch('main', 'other');
    say('main');
    say('main');
    await jest.advanceTimersByTimeAsync(99);
    expect(asked).toEqual([]);
    say('main');
    await jest.advanceTimersByTimeAsync(1);
    expect(asked).toEqual(['main']);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual(['main']);
  });

  it('that come after the asking are asked for again, no sooner than the gap', async () => {
    await watch('main');
    say('main');
    await jest.advanceTimersByTimeAsync(100);
    say('main');
    await jest.advanceTimersByTimeAsync(1_099);
    expect(asked).toHaveLength(1);
    await jest.advanceTimersByTimeAsync(1);
    expect(asked).toHaveLength(2);
  });

  it('are asked for again where the asking failed', async () => {
    failures = 2;
    await watch('main');
    say('main');
    await jest.advanceTimersByTimeAsync(100 + 2 * 1_100);
    expect(asked).toHaveLength(3);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(3);
  });

  it('are heard of once a stream that was refused opens', async () => {
    refusals = 2;
    await watch('main');
    await jest.advanceTimersByTimeAsync(1_999);
    expect(open.size).toBe(0);
    await jest.advanceTimersByTimeAsync(1);
    say('main');
    await jest.advanceTimersByTimeAsync(100);
    expect(asked).toEqual(['main']);
  });

  it('are heard no more once stopped, wherever it stood', async () => {
    const [idle, refused] = [await watch('main'), await watch()];
    await Promise.all([idle.stop(), refused.stop()]);
    expect([open.size, jest.getTimerCount()]).toEqual([0, 0]);

    const settling = await watch('main');
    say('main');
    await jest.advanceTimersByTimeAsync(50);
    await settling.stop();

    const resting = await watch('main');
    say('main');
    await jest.advanceTimersByTimeAsync(100);
    await resting.stop();

    refusals = 1;
    const opening = await watch('main');
    await opening.stop();
    expect([asked, open.size, jest.getTimerCount()]).toEqual([['main'], 0, 0]);
  });
});
