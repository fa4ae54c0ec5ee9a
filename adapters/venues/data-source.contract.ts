/** What every venue's data source does, against the simulator, over real HTTP and WebSockets. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, type Logger } from '../../observability/logger.ts';
import { faultScriptSchema } from '../../simulator/faults.ts';
import type { Simulator, VenueName } from '../../simulator/options.ts';
import { startSimulator } from '../../simulator/server.ts';
import { writeRecording } from '../../test/factories/recordings.ts';
import { waitFor } from '../../test/wait-for.ts';
import { createMemoryRateBudget } from '../storage/rate-budget-memory.ts';
import type { DataSource, DataSubscription, SourceEvent } from '../data-source.ts';
import type { BackOff } from '../back-off.ts';
import type { RateBudget } from '../rate-budget.ts';

const STARTS_AT = 1_733_788_800_000;
const MINUTE = 60_000;
const WARM_UP = 2300;

/** What differs between venues. */
export interface SourceFacts {
  readonly venue: VenueName;
  /** Default `BTC/USDT`. */
  readonly symbol?: string;
  create(
    venue: Simulator,
    options: {
      readonly budget: RateBudget;
      readonly logger: Logger;
      readonly backoff?: BackOff;
      readonly timeoutMs?: number;
    },
  ): DataSource;
  /** The simulator's name for the stream of minutes. */
  readonly stream: string;
  /** Path of the requests for bars; a last `*` for any ending. */
  readonly barsPath: string;
  /** WebSockets it holds open. */
  readonly sockets: number;
}

export function describeDataSource(facts: SourceFacts): void {
  const symbol = facts.symbol ?? 'BTC/USDT';
  const file = writeRecording(
    Array.from({ length: WARM_UP + 200 }, (_, index) => {
      const price = (100_000 + index).toFixed(2);
      return {
        ...{ openAt: STARTS_AT + index * MINUTE, volume: '1.5' },
        ...{ open: price, high: price, low: price, close: price },
      };
    }),
  );

  describe(`the data source of ${facts.venue}`, () => {
    let venue: Simulator;
    let source: DataSource;
    /** Numbers of the bars handed on, counted from `STARTS_AT`. */
    let bars: number[];
    let others: SourceEvent[];
    let states: string[];

    beforeEach(async () => {
      venue = await startSimulator({
        venue: facts.venue,
        recordings: [{ symbol, file }],
        warmupBars: WARM_UP,
      });
      source = facts.create(venue, {
        budget: createMemoryRateBudget(),
        logger: createLogger('test', 'silent'),
        backoff: { minMs: 10, maxMs: 50 },
        timeoutMs: 500,
      });
      bars = [];
      others = [];
      states = [];
      await source.connect({
        onEvent: async (event) => {
          // As a pipeline does, it takes a moment: what overtakes would show.
          await new Promise((resolve) => setImmediate(resolve));
          if (event.kind === 'kline') bars.push((event.kline.openAt - STARTS_AT) / MINUTE);
          else others.push(event);
        },
        onState: (state) => states.push(state),
      });
    });
    afterEach(async () => {
      await source.disconnect();
      await venue.close();
    });

    const subscribe = (change: Partial<DataSubscription> = {}): Promise<void> =>
      source.subscribe([{ symbol, intervals: ['1m'], ticks: false, ...change }]);
    const inject = (fault: object, match: object): void => {
      venue.faults.add(faultScriptSchema.parse([{ match, fault }]));
    };
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, index) => from + index);

    it('back-fills over several pages, then goes on live', async () => {
      await subscribe({ since: STARTS_AT });
      expect(bars).toEqual(range(0, WARM_UP));
      venue.advance(3);
      await waitFor(() => bars.length === WARM_UP + 3);
      expect(bars).toEqual(range(0, WARM_UP + 3));
    });

    it('loses and repeats nothing while the market moves during the back-fill', async () => {
      inject({ kind: 'delay', ms: 30, when: 'before' }, { path: facts.barsPath, times: 0 });
      const subscribed = subscribe({ since: STARTS_AT });
      const timer = setInterval(() => {
        venue.advance(7);
      }, 5);
      await subscribed;
      clearInterval(timer);
      venue.advance();
      const total = (venue.state().marketTime - STARTS_AT) / MINUTE;
      await waitFor(() => bars.length === total);
      expect(bars).toEqual(range(0, total));
    });

    it('hands on prices as canonical decimals, and only closed bars', async () => {
      await subscribe();
      expect(bars).toEqual([]);
      const events: SourceEvent[] = [];
      const other = facts.create(venue, {
        budget: createMemoryRateBudget(),
        logger: createLogger('test', 'silent'),
      });
      await other.connect({
        onEvent: (event) => {
          events.push(event);
          return Promise.resolve();
        },
        onState: () => undefined,
      });
      const since = STARTS_AT + (WARM_UP - 1) * MINUTE;
      await other.subscribe([{ symbol, intervals: ['1m'], ticks: true, since }]);
      venue.advance();
      await waitFor(() => events.some(({ kind }) => kind === 'tick') && events.length >= 3);
      await other.disconnect();
      const openAt = STARTS_AT + WARM_UP * MINUTE;
      expect(events).toContainEqual({
        kind: 'kline',
        kline: {
          exchange: facts.venue,
          symbol,
          interval: '1m',
          openAt,
          closeAt: openAt + MINUTE,
          open: '102300',
          high: '102300',
          low: '102300',
          close: '102300',
          volume: '1.5',
        },
      });
      expect(events.filter(({ kind }) => kind === 'kline')).toHaveLength(2);
    });

    it('fills a gap in the live stream by REST', async () => {
      await subscribe();
      venue.advance();
      inject({ kind: 'dropMessage' }, { method: 'STREAM', path: facts.stream, times: 4 });
      venue.advance(6);
      await waitFor(() => bars.length === 7);
      expect(bars).toEqual(range(WARM_UP, WARM_UP + 7));
    });

    it('drops duplicates and late frames', async () => {
      await subscribe();
      venue.advance();
      inject({ kind: 'duplicate', copies: 3 }, { method: 'STREAM', path: facts.stream });
      inject({ kind: 'late', ms: 100 }, { method: 'STREAM', path: facts.stream, nth: 2 });
      venue.advance(5);
      await waitFor(() => bars.length === 6);
      await new Promise((resolve) => setTimeout(resolve, 150));
      expect(bars).toEqual(range(WARM_UP, WARM_UP + 6));
    });

    it('reconnects after a cut, subscribes again and catches up', async () => {
      await subscribe();
      venue.advance(2);
      await waitFor(() => bars.length === 2);
      expect(venue.cutStreams('market')).toBe(facts.sockets);
      venue.advance(5);
      await waitFor(() => bars.length === 7);
      await waitFor(() => states.at(-1) === 'connected');
      venue.advance(2);
      await waitFor(() => bars.length === 9);
      expect(bars).toEqual(range(WARM_UP, WARM_UP + 9));
      expect(states).toContain('disconnected');
    });

    it.each([
      '{"e":"kline","E":17',
      '<html>502 Bad Gateway</html>',
      '{"e":"kline","k":{"t":"x"}}',
      '',
    ])('hands on a malformed frame %j with its reason, and lives', async (text) => {
      await subscribe();
      venue.advance();
      await waitFor(() => bars.length === 1);
      inject({ kind: 'malformed', text }, { method: 'STREAM', path: facts.stream });
      venue.advance(2);
      await waitFor(() => bars.length === 3);
      expect(bars).toEqual(range(WARM_UP, WARM_UP + 3));
      expect(others).toEqual([
        { kind: 'malformed', raw: text, reason: expect.stringMatching(/./) },
      ]);
    });

    it('tells HTML where klines were due, and tries again until it has them', async () => {
      inject({ kind: 'html' }, { path: facts.barsPath, times: 2 });
      await subscribe({ since: STARTS_AT + 2200 * MINUTE });
      expect(bars).toEqual(range(2200, WARM_UP));
      expect(others).toHaveLength(2);
      expect(others[0]).toMatchObject({ kind: 'malformed', raw: expect.stringContaining('<') });
    });

    it('waits out 503 and rate limits', async () => {
      const match = { path: facts.barsPath };
      inject({ kind: 'status', status: 503, when: 'before' }, match);
      inject({ kind: 'rateLimit', status: 429, retryAfterSeconds: 0 }, { ...match, nth: 2 });
      await subscribe({ since: STARTS_AT + 2290 * MINUTE });
      expect(bars).toEqual(range(2290, WARM_UP));
      expect(others).toEqual([]);
    });

    it('refuses a symbol the venue does not know', async () => {
      await expect(
        source.subscribe([
          { symbol: 'NO/SUCH', intervals: ['1m'], ticks: false, since: STARTS_AT },
        ]),
      ).rejects.toMatchObject({ name: 'KeelError' });
      // And the source is none the worse for it, through a reconnect as well.
      await subscribe();
      venue.cutStreams('market');
      await waitFor(() => states.filter((state) => state === 'connected').length >= 2);
      venue.advance();
      await waitFor(() => bars.length === 1);
    });

    it('hands on nothing after disconnect', async () => {
      await subscribe({ since: STARTS_AT });
      await source.disconnect();
      const count = bars.length;
      venue.advance(3);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(bars).toHaveLength(count);
      expect(venue.state().connections.market).toBe(0);
    });

    it('can be stopped in the middle of a back-fill', async () => {
      inject({ kind: 'delay', ms: 50, when: 'before' }, { path: facts.barsPath, times: 0 });
      const subscribed = subscribe({ since: STARTS_AT });
      await waitFor(() => bars.length > 0);
      await source.disconnect();
      const count = bars.length;
      await subscribed;
      expect(bars).toHaveLength(count);
      expect(bars).toEqual(range(0, count));
    });
  });
}
