/**
 * A perpetual by the real order workflow: dispatcher, workflow, activities, PostgreSQL and the USDⓈ-M simulator over a
 * recorded day with its recorded funding. Long, then short, then flat; the books end as the venue's.
 */
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { SIGNAL } from '../adapters/bus/messages.ts';
import { signalTopic } from '../adapters/bus/topics.ts';
import { parseConfig } from '../config/load.ts';
import { Decimal, decimal, toDecimalString } from '../core/money.ts';
import { actionOf, type Signal } from '../core/signal.ts';
import { DEFAULT_API_KEY, DEFAULT_SECRET, type Simulator } from '../simulator/options.ts';
import { startSimulator } from '../simulator/server.ts';
import { startDispatcher } from '../workers/dispatcher.ts';
import { buildHouse, type House } from '../workers/house.ts';
import { startOrders } from '../workers/orders.ts';
import type { Running } from '../workers/run-process.ts';
import type { OrderResult } from '../workflows/order-messages.ts';
import type { orderWorkflow } from '../workflows/order-workflow.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { createSignal } from './factories/stored-world.ts';
import { describeWith, testServers } from './servers.ts';

jest.setTimeout(120_000);

const ACCOUNT = 'binance-usdm-sandbox';
const EXCHANGE = 'binance-usdm';
const SYMBOL = 'BTC/USDT:USDT';
const WALLET = '100000';

describeWith(['postgres', 'temporal'], 'a perpetual, end to end', () => {
  let database: TestDatabase;
  let simulator: Simulator;
  let house: House;
  let workers: Running[] = [];

  async function start(): Promise<void> {
    const config = parseConfig({
      mode: 'sandbox',
      postgresUrl: database.url,
      temporal: { address: testServers().temporalAddress ?? '' },
      venues: [
        {
          adapter: EXCHANGE,
          accountId: ACCOUNT,
          restUrl: simulator.httpUrl,
          streamUrl: simulator.wsUrl,
          userStreamUrl: simulator.wsUrl,
          apiKey: DEFAULT_API_KEY,
          secret: DEFAULT_SECRET,
          symbols: [SYMBOL],
          leverage: 5,
        },
      ],
      log: { level: 'silent' },
    });
    house = await buildHouse('orders', config);
    await house.bus.ensureTopics(
      ['buy', 'sell', 'flat'].map((action) => `signals.sma-cross.${action}`),
    );
    workers = [await startOrders(house), await startDispatcher(house)];
  }
  async function stop(): Promise<void> {
    for (const worker of workers.toReversed()) await worker.stop();
    await house.close();
  }

  beforeAll(async () => {
    database = await testDatabase();
    simulator = await startSimulator({
      venue: 'binance-usdm',
      recordings: [{ file: 'data/BTCUSDT-binance-perp-1m-2025-05-08.csv' }],
      startAt: Date.UTC(2025, 4, 7, 23, 50),
      balances: { USDT: WALLET },
      slippageBps: 1,
      contracts: { funding: { file: 'data/BTCUSDT-binance-funding-8h-2025-05.csv' } },
    });
    await start();
    await house.repositories.strategies.create({
      id: 'perp-1',
      name: 'perp-1',
      type: 'sma-cross',
      accountId: ACCOUNT,
      exchange: EXCHANGE,
      config: {},
      contracts: [SYMBOL],
      quota: {
        allocation: '50000',
        maxPosition: null,
        maxOrderNotional: null,
        maxOrdersPerDay: null,
        approvalNotional: null,
      },
      createdBy: 'test',
    });
    await house.repositories.strategies.beginRun('perp-1', 'perp-1-run-1');
  });
  afterAll(async () => {
    await stop();
    await simulator.close();
    await database.drop();
  });

  async function order(change: Partial<Signal>): Promise<OrderResult> {
    const { marketTime, prices } = simulator.state();
    const signal = createSignal({
      strategyId: 'perp-1',
      accountId: ACCOUNT,
      exchange: EXCHANGE,
      symbol: SYMBOL,
      eventTime: marketTime,
      validUntil: marketTime + 60_000,
      referencePrice: prices[SYMBOL] ?? '0',
      ...change,
    });
    await house.bus.publish(signalTopic(signal.strategyType, actionOf(signal)), SIGNAL, [
      { id: signal.id, key: signal.strategyId, time: signal.eventTime, data: signal },
    ]);
    const { client } = await house.temporal();
    return client.workflow.getHandle<typeof orderWorkflow>(signal.id).result();
  }

  async function bookFunding(): Promise<readonly string[]> {
    const adapter = house.adapters.get(ACCOUNT);
    const payments = (await adapter?.fundingSince(SYMBOL, 0)) ?? [];
    return (await house.repositories.contracts.bookFunding(ACCOUNT, SYMBOL, payments)).booked;
  }

  const position = async () => (await house.repositories.portfolio.positions('perp-1'))[0];

  it('goes long and short, is paid funding once, and ends as the venue does, to the last digit', async () => {
    const long = await order({ wanted: { kind: 'target', quantity: '0.5' } });
    expect(long).toMatchObject({ status: 'filled', filledQuantity: '0.5' });
    // 0.5 BTC is worth about 48500 USDT; at leverage 5 a fifth of it is held.
    const free = (await house.repositories.strategies.snapshot('perp-1')).freeFunds;
    expect(decimal(free).gt(40_000) && decimal(free).lt(40_500)).toBe(true);

    simulator.advance(15);
    const person = {
      source: { kind: 'person', name: 'ada' },
      runId: 'person:ada-1',
    } as const;
    const short = await order({
      ...person,
      wanted: { kind: 'order', side: 'sell', quantity: '0.8' },
    });
    expect(short).toMatchObject({ status: 'filled', filledQuantity: '0.8' });
    expect(await position()).toMatchObject({ quantity: '-0.3' });

    // Past 08:00: the long paid at midnight, the short is paid now.
    simulator.advance(8 * 60);
    const booked = await bookFunding();
    expect(booked).toHaveLength(2);
    expect(await bookFunding()).toEqual([]);
    await stop();
    await start();
    expect(await bookFunding()).toEqual([]);

    const flat = await order({ sequence: 2, wanted: { kind: 'target', quantity: '0' } });
    expect(flat).toMatchObject({ status: 'filled', filledQuantity: '0.3' });
    const sent = simulator.orders().orders.map((one) => [one.side, one.origQty, one.status]);
    expect(sent).toEqual([
      ['BUY', '0.50000000', 'FILLED'],
      ['SELL', '0.80000000', 'FILLED'],
      ['BUY', '0.30000000', 'FILLED'],
    ]);
    expect(await house.adapters.get(ACCOUNT)?.getPositions()).toEqual([]);

    const venue = await house.adapters.get(ACCOUNT)?.getBalance('USDT');
    const ledger = await database.db
      .selectFrom('ledger_entries')
      .select(['amount', 'kind'])
      .where('account_id', '=', ACCOUNT)
      .execute();
    const total = ledger.reduce((sum, { amount }) => sum.plus(amount), new Decimal(WALLET));
    expect(venue).toMatchObject({ free: toDecimalString(total), locked: '0' });
    expect(ledger.filter(({ kind }) => kind === 'funding')).toHaveLength(2);
    const books = await position();
    expect(books).toMatchObject({ quantity: '0', cost: '0' });
    expect(
      decimal(books?.realisedPnl ?? '0')
        .plus(WALLET)
        .toFixed(),
    ).toBe(venue?.free);
  });

  it('is refused to a second strategy of the account', async () => {
    const record = await house.repositories.strategies.get('perp-1');
    await expect(
      house.repositories.strategies.create({ ...record, id: 'perp-2', contracts: [SYMBOL] }),
    ).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('"perp-1"') });
  });
});
