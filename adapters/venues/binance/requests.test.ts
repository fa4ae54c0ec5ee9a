/** Signed requests when the venue's clock is not where it was measured. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '../../../observability/logger.ts';
import { createMemoryRateBudget } from '../../storage/rate-budget-memory.ts';
import { type BinanceRequests, createBinanceRequests } from './requests.ts';

describe('a signed request whose timestamp the venue refuses', () => {
  let server: Server;
  let requests: BinanceRequests;
  /** Venue − ours, ms. */
  let skewMs = 0;
  /** Timestamps of the orders that came, by the venue's clock of that moment. */
  let stamped: number[];
  let taken = 0;

  beforeEach(async () => {
    skewMs = 0;
    stamped = [];
    taken = 0;
    server = createServer((request, response) => {
      const venueNow = Date.now() + skewMs;
      let body = '';
      request.on('data', (chunk) => (body += String(chunk)));
      request.on('end', () => {
        const answer = (status: number, json: object): void => {
          response.writeHead(status).end(JSON.stringify(json));
        };
        if (request.method === 'GET') {
          answer(200, { serverTime: venueNow });
          return;
        }
        const params = new URLSearchParams(`${request.url?.split('?')[1] ?? ''}&${body}`);
        const age = venueNow - Number(params.get('timestamp'));
        stamped.push(age);
        if (age > Number(params.get('recvWindow')) || age < -1_000) {
          answer(400, {
            code: -1021,
            msg: 'Timestamp for this request is outside of the recvWindow.',
          });
          return;
        }
        taken += 1;
        answer(200, { orderId: 1 });
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    requests = createBinanceRequests({
      restUrl: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
      accountId: 'main',
      budget: createMemoryRateBudget(),
      apiKey: 'key',
      secret: 'secret',
      logger: createLogger('test', 'silent'),
    });
    await requests.clock.measure();
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const send = (): Promise<unknown> =>
    requests.signed({
      ...{ method: 'POST', path: 'order', params: {}, purpose: 'send', weight: 1 },
      deadline: requests.clock.now() + 5_000,
    });

  it('is sent once more by the clock measured anew, where its deadline is still to come', async () => {
    // The venue went back: by its clock our timestamp and our deadline are a minute ahead.
    skewMs = -60_000;
    await send();
    expect(stamped).toHaveLength(2);
    expect(taken).toBe(1);
    expect(Math.abs(stamped[1] ?? Infinity)).toBeLessThan(1_000);
  });

  it('is not sent past its deadline by the clock measured anew; the next claim goes', async () => {
    skewMs = 60_000;
    await expect(send()).rejects.toMatchObject({
      code: 'VENUE_CLOCK',
      message: expect.stringMatching(/past its deadline: nothing was sent/),
    });
    expect([stamped.length, taken]).toEqual([1, 0]);
    await send();
    expect(taken).toBe(1);
  });
});
