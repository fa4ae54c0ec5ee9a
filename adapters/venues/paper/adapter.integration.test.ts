/** The paper venue with its books in PostgreSQL. */
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../../test/database.ts';
import { openPaperWorld, paperWorld } from '../../../test/factories/paper-world.ts';
import { describeWith } from '../../../test/servers.ts';
import type { Repositories } from '../../repositories.ts';
import { createRepositories } from '../../storage/repositories.ts';
import { describeStopOrders } from '../stop-orders.contract.ts';
import { describeTradeAdapter, orderRequest } from '../trade-adapter.contract.ts';

describeWith('postgres', 'books in PostgreSQL', () => {
  let database: TestDatabase;
  let repositories: Repositories;
  let worlds = 0;

  beforeAll(async () => {
    database = await testDatabase();
    repositories = createRepositories(database.db);
  });
  afterAll(() => database.drop());

  /** An account of its own for each test. */
  const account = () => ({
    store: repositories.paper,
    accountId: `paper-${String((worlds += 1))}`,
  });

  describeTradeAdapter('the paper venue', () => openPaperWorld(account()));
  describeStopOrders('the paper venue', () => openPaperWorld(account()));

  it('lets two processes of one account sell what is held only once', async () => {
    const shared = account();
    const [one, other] = [paperWorld(shared), paperWorld(shared)];
    await one.adapter.connect();
    await other.adapter.connect();
    const sell = { side: 'sell', quantity: '0.7' } as const;
    const results = await Promise.allSettled([
      one.adapter.placeOrder(orderRequest(sell)),
      other.adapter.placeOrder(orderRequest(sell)),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await other.adapter.getBalance('BTC')).toMatchObject({ free: '0.3' });
  });
});
