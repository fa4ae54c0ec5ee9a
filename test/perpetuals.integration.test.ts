/**
 * A perpetual by the real order workflow: dispatcher, workflow, activities, PostgreSQL and a simulated venue, USDⓈ-M
 * and OKX's swaps, over a recorded day with its recorded funding. Long, then short, then flat, then liquidated; the
 * books end as the venue's.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SIGNAL } from '../adapters/bus/messages.ts';
import { signalTopic } from '../adapters/bus/topics.ts';
import type { Balance, TradeAdapter } from '../adapters/trade-adapter.ts';
import { parseConfig } from '../config/load.ts';
import { Decimal, decimal, toDecimalString } from '../core/money.ts';
import { actionOf, type Signal } from '../core/signal.ts';
import {
  DEFAULT_API_KEY,
  DEFAULT_PASSPHRASE,
  DEFAULT_SECRET,
  type Simulator,
} from '../simulator/options.ts';
import { startSimulator } from '../simulator/server.ts';
import { startDispatcher } from '../workers/dispatcher.ts';
import { buildHouse, type House } from '../workers/house.ts';
import { startOrders } from '../workers/orders.ts';
import type { Running } from '../workers/run-process.ts';
import type { OrderResult } from '../workflows/order-messages.ts';
import { ORDER_TASK_QUEUE } from '../workflows/order-names.ts';
import type { orderWorkflow } from '../workflows/order-workflow.ts';
import type { reconcileWorkflow } from '../workflows/reconcile-workflow.ts';
import { testDatabase, type TestDatabase } from './database.ts';
import { patientRead } from './factories/patient-read.ts';
import { createSignal } from './factories/stored-world.ts';
import { openStranger, type StrangersOrder } from './factories/stranger.ts';
import { testNamespace } from './namespace.ts';
import { describeWith } from './servers.ts';

const SYMBOL = 'BTC/USDT:USDT';
const WALLET = '100000';
const LEVERAGE = 20;

interface Venue {
  readonly exchange: 'binance-usdm' | 'okx';
  /** Its words in the configuration. */
  readonly configured: (simulator: Simulator) => object;
}

const VENUES: readonly Venue[] = [
  {
    exchange: 'binance-usdm',
    configured: ({ httpUrl, wsUrl }) => ({
      ...{ restUrl: httpUrl, streamUrl: wsUrl, userStreamUrl: wsUrl },
    }),
  },
  {
    exchange: 'okx',
    configured: ({ httpUrl, wsUrl }) => ({
      ...{ restUrl: httpUrl, wsUrl, passphrase: DEFAULT_PASSPHRASE },
    }),
  },
];

describeWith(['postgres', 'temporal'], 'a perpetual, end to end', () => {
  describe.each(VENUES)('at $exchange', ({ exchange, configured }) => {
    const account = `${exchange}-perpetuals`;
    const strategyId = `${exchange}-perp`;
    let database: TestDatabase;
    let simulator: Simulator;
    let house: House;
    let workers: Running[] = [];

    async function start(): Promise<void> {
      const config = parseConfig({
        mode: 'sandbox',
        postgresUrl: database.url,
        temporal: await testNamespace(),
        venues: [
          {
            ...{ adapter: exchange, accountId: account, symbols: [SYMBOL], leverage: LEVERAGE },
            ...{ apiKey: DEFAULT_API_KEY, secret: DEFAULT_SECRET },
            ...configured(simulator),
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
        venue: exchange,
        recordings: [{ file: 'data/BTCUSDT-binance-perp-1m-2025-05-08.csv' }],
        startAt: Date.UTC(2025, 4, 7, 23, 50),
        balances: { USDT: WALLET },
        slippageBps: 1,
        contracts: { funding: { file: 'data/BTCUSDT-binance-funding-8h-2025-05.csv' } },
      });
      await start();
      await house.repositories.strategies.create({
        id: strategyId,
        name: strategyId,
        type: 'sma-cross',
        accountId: account,
        exchange,
        config: {},
        contracts: [SYMBOL],
        quota: {
          allocation: WALLET,
          maxPosition: null,
          maxOrderNotional: null,
          maxOrdersPerDay: null,
          approvalNotional: null,
        },
        createdBy: 'test',
      });
      await house.repositories.strategies.beginRun(strategyId, `${strategyId}-run-1`);
    });
    afterAll(async () => {
      await stop();
      await simulator.close();
      await database.drop();
    });

    async function order(change: Partial<Signal>): Promise<OrderResult> {
      const { marketTime, prices } = simulator.state();
      const signal = createSignal({
        ...{ strategyId, accountId: account, exchange, symbol: SYMBOL },
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

    /** Where funding and what the venue did by itself are booked. */
    async function reconcile(): Promise<void> {
      const { client } = await house.temporal();
      await client.workflow.execute<typeof reconcileWorkflow>('reconcileWorkflow', {
        ...{ taskQueue: ORDER_TASK_QUEUE, workflowId: `reconcile-${randomUUID()}` },
        args: [{ accountId: account }],
      });
    }

    const adapterOf = (): TradeAdapter => {
      const adapter = house.adapters.get(account);
      if (adapter === undefined) throw new Error(`no account ${account}`);
      return adapter;
    };
    const ledger = () =>
      database.db
        .selectFrom('ledger_entries')
        .select(['amount', 'kind'])
        .where('account_id', '=', account)
        .execute();
    const fundings = async () => (await ledger()).filter(({ kind }) => kind === 'funding').length;
    const position = async () =>
      (await house.repositories.portfolio.positions(strategyId)).find(
        ({ symbol }) => symbol === SYMBOL,
      );

    /** What was opened with, the ledger and the position's profit against the venue's wallet, flat as both are. */
    async function expectSameBooks(): Promise<void> {
      const adapter = adapterOf();
      expect(await patientRead(() => adapter.getPositions())).toEqual([]);
      const venue = await patientRead(() => adapter.getBalance('USDT'));
      const total = (await ledger()).reduce(
        (sum, { amount }) => sum.plus(amount),
        new Decimal(WALLET),
      );
      expect(venue).toMatchObject({ free: toDecimalString(total), locked: '0' });
      const books = await position();
      expect(books).toMatchObject({ quantity: '0', cost: '0' });
      expect(
        decimal(books?.realisedPnl ?? '0')
          .plus(WALLET)
          .toFixed(),
      ).toBe(venue.free);
    }

    /** 0.04 BTC. */
    const strangers = (side: 'buy' | 'sell'): StrangersOrder => ({
      ...{ side, clientOrderId: `web${side}` },
      ...(exchange === 'okx'
        ? { venueSymbol: 'BTC-USDT-SWAP', quantity: '4' }
        : { venueSymbol: 'BTCUSDT', quantity: '0.04' }),
    });
    /** Kinds, sorted: one look may raise several, in any order. */
    const findings = async () =>
      (await house.repositories.reconciliation.findings({ state: 'open', limit: 9 }))
        .map(({ kind }) => kind)
        .toSorted();

    it('goes long and short, is paid funding once, and ends as the venue does, to the last digit', async () => {
      const long = await order({ wanted: { kind: 'target', quantity: '0.5' } });
      expect(long).toMatchObject({ status: 'filled', filledQuantity: '0.5' });
      // 0.5 BTC is worth about 48500 USDT; at leverage 20 a twentieth of it is held.
      const free = (await house.repositories.strategies.snapshot(strategyId)).freeFunds;
      expect(decimal(free).gt(97_500) && decimal(free).lt(97_650)).toBe(true);

      simulator.advance(15);
      const person = {
        source: { kind: 'person', name: 'ada' },
        runId: `person:ada-${exchange}`,
      } as const;
      const short = await order({
        ...person,
        wanted: { kind: 'order', side: 'sell', quantity: '0.8' },
      });
      expect(short).toMatchObject({ status: 'filled', filledQuantity: '0.8' });
      expect(await position()).toMatchObject({ quantity: '-0.3' });

      // Past 08:00: the long paid at midnight, the short is paid now.
      simulator.advance(8 * 60);
      await reconcile();
      expect(await fundings()).toBe(2);
      await stop();
      await start();
      await reconcile();
      expect(await fundings()).toBe(2);

      const flat = await order({ sequence: 2, wanted: { kind: 'target', quantity: '0' } });
      expect(flat).toMatchObject({ status: 'filled', filledQuantity: '0.3' });
      const sent = simulator.orders().orders.map((one) => [one['side'], one['status']]);
      expect(sent).toEqual([
        ['BUY', 'FILLED'],
        ['SELL', 'FILLED'],
        ['BUY', 'FILLED'],
      ]);
      // An exit says that it only reduces; what turns the position cannot.
      const legs = await database.db
        .selectFrom('legs')
        .select(['quantity', 'reduce_only'])
        .orderBy('created_at')
        .execute();
      expect(legs).toEqual([
        { quantity: '0.5', reduce_only: false },
        { quantity: '0.8', reduce_only: false },
        { quantity: '0.3', reduce_only: true },
      ]);
      await expectSameBooks();
    });

    it('is liquidated by the venue, which is told as such and booked as the venue has it', async () => {
      // About all that the wallet can hold: a rise of a twentieth takes it.
      const short = await order({ sequence: 3, wanted: { kind: 'target', quantity: '-18.5' } });
      expect(short).toMatchObject({ status: 'filled', filledQuantity: '18.5' });
      for (let hours = 0; hours < 24; hours += 1) {
        simulator.advance(60);
        if ((await patientRead(() => adapterOf().getPositions())).length === 0) break;
      }
      // Nobody asks: the user stream has told of it.
      while ((await position())?.quantity !== '0') await sleep(50);
      const [made] = await house.repositories.orders.listOrders({ strategyId, limit: 1 });
      expect(made).toMatchObject({
        source: { kind: 'venue', name: 'liquidation' },
        status: 'filled',
        side: 'buy',
        filledQuantity: '18.5',
      });
      // Looked at once more, it is booked once.
      await reconcile();
      await expectSameBooks();
    });

    it('is traded by somebody else: what that realised is booked, the rest raised', async () => {
      const long = await order({ sequence: 4, wanted: { kind: 'target', quantity: '0.1' } });
      expect(long.status).toBe('filled');
      const trade = await openStranger(exchange, simulator);
      await trade(strangers('sell'));
      while ((await findings()).length === 0) await sleep(50);
      await reconcile();
      await reconcile();
      expect(await findings()).toEqual(['foreign-contract-trade', 'position-off']);
      const wallet = (await ledger()).reduce(
        (sum, { amount }) => sum.plus(amount),
        decimal(WALLET),
      );
      const venue = await patientRead(() => adapterOf().getBalances());
      const total = ({ free, locked }: Balance): Decimal => decimal(free).plus(locked);
      expect(venue.map((one) => total(one).toFixed())).toEqual([wallet.toFixed()]);
      // The strategy goes on believing what it traded itself.
      expect(await position()).toMatchObject({ quantity: '0.1' });

      simulator.advance(5);
      await trade(strangers('buy'));
      await reconcile();
      await reconcile();
      expect(await findings()).toEqual(['foreign-contract-trade']);
      expect((await order({ sequence: 5, wanted: { kind: 'target', quantity: '0' } })).status).toBe(
        'filled',
      );
      // What others lose and win by the average price they share shows once it is realised, and is never hidden.
      await reconcile();
      await reconcile();
      expect(await findings()).toEqual(['balance-off', 'foreign-contract-trade']);
      const open = await house.repositories.reconciliation.findings({ state: 'open', limit: 9 });
      for (const { id, kind } of open) {
        const how = { reason: 'a stranger', book: kind === 'balance-off' };
        await house.repositories.reconciliation.resolve(id, 'ada', how);
      }
      await reconcile();
      expect(await findings()).toEqual([]);
    });

    it('is refused to a second strategy of the account', async () => {
      const record = await house.repositories.strategies.get(strategyId);
      await expect(
        house.repositories.strategies.create({ ...record, id: 'other', contracts: [SYMBOL] }),
      ).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(`"${strategyId}"`),
      });
    });
  });
});
