/** keel optimize --temporal and keel study, against an API that answers what it is told to. */
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { run } from './keel.ts';

jest.setTimeout(30_000);

interface Asked {
  readonly what: string;
  readonly body: unknown;
}

const STUDY = {
  studyId: 'one',
  spec: { run: { strategy: 'sma-cross', pairs: ['BTC/USDT'] }, trials: 24 },
  askedBy: 'ann',
  status: 'running',
  reason: null,
  reasonCode: null,
  tried: 3,
  failed: 0,
  best: { number: 2, parameters: { fast: 5, slow: 20 }, score: 1.5 },
  createdAt: 0,
  endedAt: null,
  workflowUrl: 'http://ui/study:one',
};
const REPORT = {
  inSample: { from: 0, to: 60_000 },
  outOfSample: { from: 60_000, to: 120_000 },
  best: [],
  luck: { trials: 0, deflatedSharpe: null, expectedByLuck: null },
  warnings: ['no trial has a score'],
  seed: 1,
  objective: 'sharpe',
  rejected: 0,
  failed: 0,
  trials: [],
};

let server: Server;
let asked: Asked[];
/** What `GET /studies/one` answers, one after the other; the last for ever. */
let states: object[];

beforeEach(async () => {
  asked = [];
  states = [STUDY];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const what = `${request.method ?? ''} ${request.url ?? ''}`;
      asked.push({ what, body: text === '' ? null : JSON.parse(text) });
      const state = states.length > 1 && what === 'GET /studies/one' ? states.shift() : states[0];
      const answer = what.endsWith('/report')
        ? REPORT
        : what.startsWith('GET /studies?')
          ? { studies: [STUDY], next: 'one' }
          : state;
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});

async function keel(...line: string[]) {
  const out: string[] = [];
  const err: string[] = [];
  const progress: string[] = [];
  const { port } = server.address() as AddressInfo;
  const code = await run(line, {
    environment: { KEEL_API_URL: `http://127.0.0.1:${String(port)}`, KEEL_TOKEN: 'a-token' },
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    askSecret: async () => '',
    progress: (text) => progress.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n'), progress };
}

const OPTIMISE = ['optimize', '-s', 'sma-cross', '-p', 'BTC/USDT', '--trials', '24', '--temporal'];

describe('keel optimize --temporal', () => {
  it('sends the study and leaves with --detach', async () => {
    const more = ['--space', 'fast=3..30', '--set', 'slow=40', '--id', 'one', '--detail', '1m'];
    const { code, out } = await keel(...OPTIMISE, ...more, '--detach');
    expect([code, out]).toEqual([
      0,
      expect.stringMatching(
        /^one is running: trial 3 of 24, best 1.50 \(fast=5 slow=20\), 0 failed/,
      ),
    ]);
    expect(asked).toEqual([
      {
        what: 'POST /studies',
        body: {
          id: 'one',
          spec: {
            run: {
              ...{ strategy: 'sma-cross', pairs: ['BTC/USDT'], detail: '1m' },
              parameters: { slow: 40 },
            },
            ...{ space: ['fast=3..30'], sampler: 'tpe', objective: 'sharpe', minTrades: 10 },
            ...{ trials: 24, seed: 1, inSample: 0.7, best: 5 },
          },
        },
      },
    ]);
  });

  it('follows it, and prints the report; one without a score ends with 1', async () => {
    states = [STUDY, { ...STUDY, status: 'paused', tried: 5 }, { ...STUDY, status: 'done' }];
    const { code, out, progress } = await keel(...OPTIMISE, '--json');
    expect([code, JSON.parse(out)]).toEqual([1, REPORT]);
    expect(progress).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^paused at trial 5 of 24, best 1.50 \(fast=5 slow=20\)/),
        '',
      ]),
    );
  });

  it.each([
    ['INVALID_INPUT', 2],
    ['NOT_FOUND', 3],
    ['STRATEGY_FAILED', 1],
  ])('ends with the code of what ended it: %s is %d', async (reasonCode, expected) => {
    states = [{ ...STUDY, status: 'failed', reason: 'it cannot be', reasonCode }];
    const { code, err } = await keel(...OPTIMISE);
    expect([code, err]).toEqual([expected, expect.stringContaining('it cannot be')]);
  });

  it('refuses files, and does not ask', async () => {
    const { code, err } = await keel(...OPTIMISE, '--data', 'bars.csv');
    expect([code, err]).toEqual([2, expect.stringMatching(/--data does not go with --temporal/)]);
    const own = await keel(...OPTIMISE, '--strategy-path', '/tmp/own');
    expect([own.code, own.err]).toEqual([2, expect.stringMatching(/--strategy-path does not/)]);
    expect(asked).toEqual([]);
  });

  it.each([
    ['--html', 'page.html'],
    ['--workers', '2'],
  ])('refuses %s, which is of a search on this machine', async (option, value) => {
    const { code, err } = await keel(...OPTIMISE, option, value);
    expect([code, err]).toEqual([2, expect.stringContaining(`${option} does not go with`)]);
    expect(asked).toEqual([]);
  });

  it.each([['--detach'], ['--id', 'one'], ['--concurrency', '4']])(
    '%s without it is refused: nothing is searched here instead',
    async (...given) => {
      const { code, out, err } = await keel('optimize', '-s', 'sma-cross', ...given);
      expect([code, out, err]).toEqual([2, '', expect.stringContaining('is for --temporal')]);
    },
  );
});

describe('keel study', () => {
  it('lists, shows and tells', async () => {
    const { out } = await keel('study', 'list', '--limit', '1', '--after', 'two');
    expect(out).toMatch(/one +sma-cross +running +3 +24 +1.5/);
    expect(out).toMatch(/\n\nmore: keel study list --limit 1 --after one$/);
    expect(asked).toEqual([{ what: 'GET /studies?limit=1&after=two', body: null }]);
    expect((await keel('study', 'show', 'one')).out).toMatch(/asked for by ann/);
    const paused = await keel('study', 'pause', 'one', '--reason', 'lunch');
    expect(paused.code).toBe(0);
    await keel('study', 'cancel', 'one');
    expect(asked.slice(-2)).toEqual([
      { what: 'POST /studies/one/pause', body: { reason: 'lunch' } },
      { what: 'POST /studies/one/cancel', body: {} },
    ]);
  });

  it('follows to a cancelled end, which is a failure', async () => {
    states = [{ ...STUDY, status: 'cancelled', reason: 'cancelled by bob' }];
    const { code, err } = await keel('study', 'follow', 'one');
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('study one is cancelled: cancelled by bob'),
    ]);
  });
});
