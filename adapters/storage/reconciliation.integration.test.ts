import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AccountTrade } from '../../core/fill.ts';
import { describeWith } from '../../test/servers.ts';
import {
  ACCOUNT,
  createFill,
  createSignal,
  filled,
  openStoredWorld,
  prepared,
  resting,
  seen,
  type StoredWorld,
  SYMBOL,
  T0,
} from '../../test/factories/stored-world.ts';
import type { Difference, ReconciliationRepository } from '../reconciliation-repository.ts';

const account = { id: ACCOUNT, exchange: 'binance' };

describeWith('postgres', 'the books of reconciliation', () => {
  let world: StoredWorld;
  let books: ReconciliationRepository;
  let trades = 0;
  beforeAll(async () => {
    world = await openStoredWorld({ poolSize: 4 });
    books = world.repositories.reconciliation;
  });
  afterAll(() => world.drop());

  const foreign = (change: Partial<AccountTrade> = {}): AccountTrade => ({
    ...{ exchange: 'binance', symbol: SYMBOL, venueOrderId: 'v-web', clientOrderId: 'web_1' },
    ...{ venueTradeId: `foreign-${String((trades += 1))}`, side: 'sell', price: '50000' },
    ...{ quantity: '0.1', feeAmount: '5', feeAsset: 'USDT', liquidity: 'taker', executedAt: T0 },
    ...change,
  });
  const off = (subject: string, amount: string | null = '-1'): Difference => ({
    ...{ kind: 'balance-off', subject, symbol: null, message: `${subject} is off`, off: amount },
  });
  const shown = async (): Promise<string[]> =>
    (await books.findings({ limit: 50 })).map(({ subject, state }) => `${subject} ${state}`);

  it('book a foreign trade to the account once, and to no strategy', async () => {
    const before = (await books.holdings(ACCOUNT)).balances;
    const trade = foreign();
    expect(await books.bookAccountTrade(ACCOUNT, trade)).toBe(true);
    expect(await books.bookAccountTrade(ACCOUNT, trade)).toBe(false);
    const { balances } = await books.holdings(ACCOUNT);
    expect(Number(balances['USDT']) - Number(before['USDT'])).toBe(4995);
    const total = await world.repositories.portfolio.rebuildBalances(ACCOUNT, T0);
    expect(total.find(({ asset }) => asset === 'USDT')?.total).toBe(balances['USDT']);
    expect(await books.bookedTrades(ACCOUNT, SYMBOL, [trade.venueTradeId, 'none'])).toEqual(
      new Set([`${SYMBOL} ${trade.venueTradeId}`]),
    );
    expect(await world.repositories.portfolio.positions()).toEqual([]);
    expect((await books.unalerted(ACCOUNT)).trades).toEqual([trade]);
    await books.markAlerted(ACCOUNT, [], [trade]);
    expect((await books.unalerted(ACCOUNT)).trades).toEqual([]);
  });

  it.each([
    ['the fee and what the venue says it realised', '12.5', 7.5],
    ['the fee alone where it realised nothing', '0', -5],
    ['the fee alone where the venue does not say', undefined, -5],
  ])('move of a foreign trade in a contract %s', async (_what, realisedPnl, moved) => {
    const symbol = 'BTC/USDT:USDT';
    const before = await books.holdings(ACCOUNT);
    const trade = foreign({ symbol, ...(realisedPnl === undefined ? {} : { realisedPnl }) });
    await books.bookAccountTrade(ACCOUNT, trade);
    const { balances, others } = await books.holdings(ACCOUNT);
    expect(Number(balances['USDT']) - Number(before.balances['USDT'])).toBe(moved);
    expect(balances['BTC']).toBe(before.balances['BTC']);
    expect(Number(others[symbol]) - Number(before.others[symbol] ?? '0')).toBeCloseTo(-0.1, 9);
    const { trades: told } = await books.unalerted(ACCOUNT);
    expect(told).toEqual([trade]);
    await books.markAlerted(ACCOUNT, [], told);
  });

  it('give the legs that live and those that are named, and what is in flight', async () => {
    const [one, two, three] = [
      await world.strategy(),
      await world.strategy(),
      await world.strategy(),
    ];
    const done = await filled(world.repositories, createSignal({ strategyId: one }));
    const limit = { type: 'limit' as const, limitPrice: '40000' };
    const open = await resting(world.repositories, createSignal({ strategyId: two, ...limit }));
    const [doneLeg] = done.legs;
    const ids = async (...venueOrderIds: string[]): Promise<string[]> =>
      (await books.legs(ACCOUNT, SYMBOL, { clientOrderIds: [], venueOrderIds })).map(
        ({ clientOrderId }) => clientOrderId,
      );
    expect(await ids()).toEqual([open.clientOrderId]);
    expect((await ids(`v-${doneLeg?.clientOrderId ?? ''}`)).toSorted()).toEqual(
      [open.clientOrderId, doneLeg?.clientOrderId].toSorted(),
    );
    expect((await books.holdings(ACCOUNT)).inFlight).toBe(false);
    const unsent = await prepared(world.repositories, createSignal({ strategyId: three }));
    await world.repositories.orders.claimSend(unsent.clientOrderId, Date.now() + 5_000, T0);
    expect((await books.holdings(ACCOUNT)).inFlight).toBe(true);
    await world.repositories.orders.recordLeg(seen(unsent, 'filled', [createFill(unsent)]));
    expect((await books.holdings(ACCOUNT)).inFlight).toBe(false);
    expect(Number((await books.holdings(ACCOUNT)).positions[SYMBOL])).toBe(0.02);
    expect(await books.unfinishedOrders(ACCOUNT)).toMatchObject(
      [
        { orderId: open.orderId, strategyId: two, liveLegs: [{ legNumber: 1, type: 'limit' }] },
        { orderId: unsent.orderId, strategyId: three, liveLegs: [] },
      ].toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1)),
    );
    expect(await books.symbols(ACCOUNT)).toEqual([SYMBOL]);
  });

  it('keep a mark per symbol, from the opening on', async () => {
    await world.repositories.accounts.ensure(
      { id: 'other', exchange: 'binance', mode: 'sandbox', feeIn: 'received' },
      {},
      T0,
    );
    expect(await books.compareFrom('other', SYMBOL, 10)).toBe(T0);
    await books.setMark('other', SYMBOL, T0 + 5);
    expect(await books.compareFrom('other', SYMBOL, 10)).toBe(T0);
    await books.setMark('other', SYMBOL, T0 + 70);
    expect(await books.compareFrom('other', SYMBOL, 10)).toBe(T0 + 60);
    expect(await books.compareFrom(ACCOUNT, SYMBOL, 10)).toBeNull();
  });

  it('open what is found twice alike, tell it once, and resolve what is gone', async () => {
    const look = (...found: Difference[]) => books.noteDifferences(account, ['balance-off'], found);
    await look(off('A'), off('B'), off('C'));
    expect(await shown()).toEqual([]);
    // A came again, B moved, C was in flight.
    await look(off('A', '-1.0'), off('B', '-2'));
    expect(await shown()).toEqual(['A open']);
    const { findings } = await books.unalerted(ACCOUNT);
    expect(findings.map(({ subject }) => subject)).toEqual(['A']);
    await books.markAlerted(ACCOUNT, findings, []);
    await look(off('A', '-3'), off('B', '-2'));
    expect(await shown()).toEqual(['B open', 'A open']);
    expect((await books.unalerted(ACCOUNT)).findings.map(({ subject }) => subject)).toEqual(['B']);
    // Another kind was looked at: that says nothing of balances.
    await books.noteDifferences(account, ['stray-order', 'lost-order'], []);
    await look(off('B', '-2'));
    expect(await shown()).toEqual(['B open', 'A resolved']);
    expect((await books.findings({ limit: 9, state: 'resolved' }))[0]).toMatchObject({
      resolvedBy: 'keel',
      resolution: 'both sides agree again',
    });
    await look();
  });

  it('open an event at once, and let a person close it, once', async () => {
    await books.openFinding(account, {
      ...{ kind: 'unknown-trade', subject: `${SYMBOL} 5`, symbol: SYMBOL, off: null },
      message: 'a trade nobody knows',
    });
    const [finding] = await books.findings({ limit: 1, state: 'open' });
    const id = finding?.id ?? 0;
    const how = { reason: 'ours, from the old system', book: false };
    await expect(books.resolve(id, 'ada', { ...how, book: true })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/only a balance/),
    });
    expect(await books.resolve(id, 'ada', how)).toMatchObject({
      ...{ state: 'resolved', resolvedBy: 'ada', resolution: how.reason },
    });
    await expect(books.resolve(id, 'ada', how)).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(books.resolve(0, 'ada', how)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('count open findings by account and kind', async () => {
    const other = { id: 'elsewhere', exchange: 'okx' };
    await world.repositories.accounts.ensure(
      { ...other, mode: 'sandbox', feeIn: 'received' },
      {},
      T0,
    );
    expect(await books.openFindings(other.id)).toEqual([]);
    await books.noteDifferences(other, ['balance-off'], [off('SUSPECTED')]);
    for (const subject of ['A', 'B', 'C']) await books.openFinding(other, off(subject));
    await books.openFinding(other, { ...off('D'), kind: 'unknown-trade' });
    const [newest] = await books.findings({ accountId: other.id, limit: 1 });
    await books.resolve(newest?.id ?? 0, 'ada', { reason: 'explained', book: false });
    const counted = { accountId: other.id, kind: 'balance-off', count: 3 };
    expect(await books.openFindings(other.id)).toEqual([counted]);
    expect(await books.openFindings()).toContainEqual(counted);
  });

  it('give findings a page at a time, newest first', async () => {
    const all = await books.findings({ limit: 50 });
    expect(all.length).toBeGreaterThan(2);
    const [first] = await books.findings({ limit: 1 });
    expect([first, ...(await books.findings({ limit: 50, after: first?.id }))]).toEqual(all);
    expect(await books.findings({ limit: 50, after: all.at(-1)?.id })).toEqual([]);
  });

  it('book a balance that a person accepts as a transfer', async () => {
    const difference = off('USDT', '250.5');
    await books.noteDifferences(account, ['balance-off'], [difference]);
    await books.noteDifferences(account, ['balance-off'], [difference]);
    const [finding] = await books.findings({ limit: 1, state: 'open' });
    const before = (await books.holdings(ACCOUNT)).balances;
    await books.resolve(finding?.id ?? 0, 'ada', { reason: 'deposit', book: true });
    const { balances } = await books.holdings(ACCOUNT);
    expect(Number(balances['USDT']) - Number(before['USDT'])).toBe(250.5);
  });

  it('remember when an account was last reconciled', async () => {
    expect(await books.lastRuns()).toEqual({});
    await books.ran(ACCOUNT);
    await books.ran(ACCOUNT);
    expect((await books.lastRuns())[ACCOUNT]).toBeGreaterThan(T0);
  });
});
