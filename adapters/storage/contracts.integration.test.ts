/** Contracts in the books: margin instead of notional, funding once, the venue's own orders, one owner. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Instrument } from '../../core/instrument.ts';
import { applyFill, emptyPosition, ledgerEntries } from '../../core/ledger.ts';
import { decimal } from '../../core/money.ts';
import type { Signal } from '../../core/signal.ts';
import { createInstrument } from '../../test/factories/market.ts';
import {
  ACCOUNT,
  admitInput,
  createFill,
  createSignal,
  createVenueOrder,
  openStoredWorld,
  type StoredWorld,
  T0,
} from '../../test/factories/stored-world.ts';
import { describeWith } from '../../test/servers.ts';
import type { Leg } from '../order-repository.ts';
import type { Repositories } from '../repositories.ts';
import type { FundingPayment, VenueMadeOrder } from '../trade-adapter.ts';

/** After every fill that these tests make. */
const LATER = T0 + 60_000;

describeWith('postgres', 'contracts', () => {
  let world: StoredWorld;
  let repositories: Repositories;
  let id: string;
  let symbol: string;
  let instrument: Instrument;
  let contracts = 0;

  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 10 });
    repositories = world.repositories;
  });
  afterAll(() => world.drop());
  beforeEach(async () => {
    id = await world.strategy();
    contracts += 1;
    symbol = `C${String(contracts)}/USDT:USDT`;
    instrument = createInstrument({
      symbol,
      base: `C${String(contracts)}`,
      settle: 'USDT',
      contract: 'linear',
      leverage: '5',
      takerFeeRate: '0',
    });
  });

  const signal = (quantity: string, sequence = 1): Signal =>
    createSignal({ strategyId: id, symbol, sequence, wanted: { kind: 'target', quantity } });

  async function sent(quantity: string, sequence = 1): Promise<Leg> {
    const asked = signal(quantity, sequence);
    const admission = await repositories.orders.admit(admitInput(asked, { instrument }));
    expect(admission).toMatchObject({ verdict: 'admitted' });
    if (!('order' in admission)) throw new Error('no order');
    const { orderId, quantity: size } = admission.order;
    return repositories.orders.prepareLeg({
      orderId,
      legNumber: 1,
      quantity: size,
      type: 'market',
      price: null,
    });
  }

  async function traded(quantity: string, price: string, sequence = 1): Promise<void> {
    const leg = await sent(quantity, sequence);
    const fill = createFill(leg, {
      quantity: leg.quantity,
      price,
      feeAmount: '1',
      feeAsset: 'USDT',
    });
    await repositories.orders.recordLeg({
      clientOrderId: leg.clientOrderId,
      venueOrder: createVenueOrder(leg, 'filled', [fill]),
      fills: [fill],
      seenBy: 'test',
    });
    await repositories.orders.settle(leg.orderId, { state: 'done' });
  }

  const free = async (): Promise<string> => (await repositories.strategies.snapshot(id)).freeFunds;
  const position = async () => (await repositories.portfolio.positions(id))[0];

  const funding = (venueFundingId: string, amount: string): FundingPayment => ({
    venueFundingId,
    symbol,
    asset: 'USDT',
    amount,
    paidAt: LATER,
  });

  it('reserve and hold margin, not notional; short as well as long', async () => {
    const leg = await sent('-0.1');
    // 0.1 × 50000 × 1.01 / 5.
    expect(await free()).toBe('3990');
    const fill = createFill(leg, {
      quantity: '0.1',
      price: '50000',
      feeAmount: '2',
      feeAsset: 'USDT',
    });
    await repositories.orders.recordLeg({
      clientOrderId: leg.clientOrderId,
      fills: [fill],
      seenBy: 'test',
    });
    expect(await free()).toBe('3998');
    expect(await position()).toMatchObject({ quantity: '-0.1', cost: '-5000', realisedPnl: '-2' });
    expect(leg.reduceOnly).toBe(false);
  });

  it('send reduce-only what only reduces, for no margin', async () => {
    await traded('-0.1', '50000');
    const leg = await sent('0', 2);
    expect(leg).toMatchObject({ side: 'buy', reduceOnly: true });
    expect(await free()).toBe('3999');
  });

  it('move only what is realised and the fee through the ledger', async () => {
    await traded('0.1', '50000');
    await traded('0.04', '51000', 2);
    expect(await position()).toMatchObject({ quantity: '0.04', cost: '2000', realisedPnl: '58' });
    const equity = await repositories.portfolio.recordEquity(id, LATER, { [symbol]: '52000' });
    expect(equity).toMatchObject({
      cash: '5058',
      positionValue: '80',
      equity: '5138',
      realisedPnl: '58',
      unrealisedPnl: '80',
    });
    const rows = await world.db
      .selectFrom('ledger_entries')
      .select(['asset', 'amount', 'kind'])
      .where('symbol', '=', symbol)
      .orderBy('id')
      .execute();
    expect(rows.map((row) => [row.asset, Number(row.amount), row.kind])).toEqual([
      ['USDT', -1, 'fee'],
      ['USDT', 60, 'trade'],
      ['USDT', -1, 'fee'],
    ]);
  });

  it('book each funding payment once, also when two book it at the same time', async () => {
    await traded('0.1', '50000');
    const payments = [funding('1', '-0.5'), funding('2', '0.2')];
    const [one, other] = await Promise.all([
      repositories.contracts.bookFunding(ACCOUNT, symbol, payments),
      repositories.contracts.bookFunding(ACCOUNT, symbol, payments),
    ]);
    expect([...one.booked, ...other.booked].sort()).toEqual(['1', '2']);
    expect(await repositories.contracts.bookFunding(ACCOUNT, symbol, payments)).toEqual({
      strategyId: id,
      booked: [],
    });
    expect(await position()).toMatchObject({
      quantity: '0.1',
      realisedPnl: '-1.3',
      funding: '-0.3',
    });
    const before = await repositories.portfolio.recordEquity(id, LATER - 1, { [symbol]: '50000' });
    const after = await repositories.portfolio.recordEquity(id, LATER, { [symbol]: '50000' });
    expect([before.equity, after.equity]).toEqual(['4999', '4998.7']);
  });

  it('book nothing where no strategy owns the contract', async () => {
    expect(
      await repositories.contracts.bookFunding(ACCOUNT, 'NO/USDT:USDT', [funding('1', '1')]),
    ).toEqual({ strategyId: null, booked: [] });
  });

  it('are booked as the venue reckons them, in whatever order their fills are learnt', async () => {
    const sizes = [
      ['0.03', '50000'],
      ['0.01', '51000'],
      ['0.04', '52000.1'],
      ['-0.02', '50500'],
      ['0.01', '50700'],
    ] as const;
    const legs: Leg[] = [];
    for (const [index, [target]] of sizes.entries()) {
      // Each is filled before the next is asked for, and told of only later.
      const leg = await sent(target, index + 1);
      await repositories.orders.settle(leg.orderId, { state: 'done' });
      legs.push(leg);
    }
    let held = 0;
    const fills = legs.map((leg, index) => {
      const [target, price] = sizes[index]!;
      const size = Math.round((Number(target) - held) * 100) / 100;
      held = Number(target);
      return createFill(
        { ...leg, side: size > 0 ? 'buy' : 'sell' },
        {
          ...{ quantity: String(Math.abs(size)), price, feeAmount: '1', feeAsset: 'USDT' },
          ...{ venueTradeId: String(900 + index), executedAt: T0 + 1_000 },
        },
      );
    });
    let expected = emptyPosition(symbol);
    let wallet = decimal('0');
    for (const fill of fills) {
      for (const { amount } of ledgerEntries(fill, expected)) wallet = wallet.plus(amount);
      expected = applyFill(expected, fill);
    }
    for (const index of [2, 0, 4, 1, 3]) {
      const leg = legs[index]!;
      await world.db
        .updateTable('legs')
        .set({ side: fills[index]!.side })
        .where('client_order_id', '=', leg.clientOrderId)
        .execute();
      await repositories.orders.recordLeg({
        ...{ clientOrderId: leg.clientOrderId, fills: [fills[index]!], seenBy: 'test' },
      });
    }
    const { quantity, cost, realisedPnl } = expected;
    expect(await position()).toMatchObject({ quantity, cost, realisedPnl });
    const ledger = await world.db
      .selectFrom('ledger_entries')
      .select('amount')
      .where('symbol', '=', symbol)
      .execute();
    expect(ledger.reduce((sum, { amount }) => sum.plus(amount), decimal('0')).toFixed()).toBe(
      wallet.toFixed(),
    );
  });

  it('book a liquidation of the venue to the owner, once, with its fee', async () => {
    await traded('0.1', '50000');
    const made: VenueMadeOrder = {
      cause: 'liquidation',
      order: {
        clientOrderId: `autoclose-${symbol}`,
        venueOrderId: '77',
        symbol,
        side: 'sell',
        type: 'limit',
        price: '41000',
        stopPrice: null,
        quantity: '0.1',
        filledQuantity: '0.1',
        filledQuote: '4100',
        state: 'filled',
        rawStatus: 'FILLED',
        updatedAt: T0 + 5,
      },
      fills: [
        {
          exchange: 'binance',
          symbol,
          venueTradeId: '99',
          venueOrderId: '77',
          clientOrderId: `autoclose-${symbol}`,
          side: 'sell',
          price: '41000',
          quantity: '0.1',
          feeAmount: '20',
          feeAsset: 'USDT',
          liquidity: 'taker',
          executedAt: T0 + 5,
        },
      ],
    };
    const first = await repositories.contracts.bookVenueOrder(ACCOUNT, made);
    expect(first).toMatchObject({
      booked: ['99'],
      order: {
        strategyId: id,
        source: { kind: 'venue', name: 'liquidation' },
        status: 'filled',
        filledQuantity: '0.1',
      },
    });
    const again = await repositories.contracts.bookVenueOrder(ACCOUNT, made);
    expect(again.booked).toEqual([]);
    expect(await position()).toMatchObject({ quantity: '0', realisedPnl: '-921' });
    expect(await free()).toBe('4079');
  });

  it('belong to the first strategy; another is refused by name, at creation and at admission', async () => {
    await traded('0.1', '50000');
    const second = await world.strategy();
    const asked = createSignal({
      strategyId: second,
      symbol,
      wanted: { kind: 'target', quantity: '1' },
    });
    const admission = await repositories.orders.admit(admitInput(asked, { instrument }));
    expect(admission).toMatchObject({ verdict: 'ended', order: { reasonCode: 'CONFLICT' } });

    const record = await repositories.strategies.get(second);
    const third = { ...record, id: `${second}-next`, contracts: [symbol] };
    await expect(repositories.strategies.create(third)).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`"${id}"`),
    });
    await expect(repositories.strategies.get(third.id)).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    // Flat and stopped, the first one lets go.
    await traded('0', '50000', 2);
    await repositories.strategies.endRun(id, `${id}-run-1`, 'stopping');
    await repositories.strategies.endRun(id, `${id}-run-1`, 'stopped');
    expect(await repositories.strategies.create(third)).toMatchObject({ id: third.id });
    expect(await repositories.contracts.owners(ACCOUNT)).toContainEqual({
      symbol,
      strategyId: third.id,
    });
  });

  it('are given to one of two strategies created at once', async () => {
    const record = await repositories.strategies.get(id);
    const created = await Promise.allSettled(
      ['a', 'b'].map((suffix) =>
        repositories.strategies.create({ ...record, id: `${id}-${suffix}`, contracts: [symbol] }),
      ),
    );
    expect(created.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
