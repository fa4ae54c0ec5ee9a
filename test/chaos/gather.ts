/** Reads the facts that `judge` looks at from PostgreSQL, Temporal, Kafka and the simulator. */
import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import { Kafka, logLevel } from 'kafkajs';
import { sql, type Kysely } from 'kysely';
import { ALL_ACCOUNTS, ALL_MARKETS, ALL_ORDERS, ALL_SIGNALS } from '../../adapters/bus/topics.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import type { Database } from '../../adapters/storage/database.ts';
import { allOrders, venueBooks } from '../../cli/demo/audit.ts';
import type { GuardFacts } from './verdict-guards.ts';
import type { AccountFacts, ChaosFacts, ConsumerFacts, WorkflowFacts } from './verdict.ts';

export interface Sources {
  readonly repositories: Repositories;
  readonly db: Kysely<Database>;
  readonly client: Client;
  readonly brokers: readonly string[];
  /** Account id → the simulated venue's address. */
  readonly venues: Readonly<Record<string, string>>;
}

export async function gatherFacts(
  sources: Sources,
  signals: ChaosFacts['signals'],
  { halts, amends }: Pick<ChaosFacts, 'halts' | 'amends'>,
): Promise<ChaosFacts> {
  const accounts: AccountFacts[] = [];
  for (const [accountId, url] of Object.entries(sources.venues)) {
    accounts.push(await accountFacts(sources, accountId, url));
  }
  return {
    signals,
    amends,
    accounts,
    guards: await guardFacts(sources),
    halts,
    workflows: await workflowFacts(sources.client),
    ...(await busFacts(sources.brokers)),
    unpublished: (await sources.repositories.strategies.unpublished()).map(({ id }) => id),
  };
}

async function accountFacts(
  { repositories, db }: Sources,
  accountId: string,
  url: string,
): Promise<AccountFacts> {
  const response = await fetch(`${url}/sim/orders`);
  // An order of several accounts is in the books of each, with the legs it has there.
  const orders = (await allOrders(repositories)).flatMap((order) => {
    const legs = order.legs.filter((leg) => leg.accountId === accountId);
    return order.accountId === accountId || legs.length > 0 ? [{ ...order, legs }] : [];
  });
  const fills = await db
    .selectFrom('fills')
    .select(['venue_trade_id', 'price', 'quantity', 'fee_amount', 'fee_asset'])
    .where('account_id', '=', accountId)
    .execute();
  const balances = await repositories.accounts.balances(accountId);
  const opening = await db
    .selectFrom('opening_balances')
    .select(['asset', 'amount'])
    .where('account_id', '=', accountId)
    .execute();
  const positions = (await repositories.portfolio.positions()).filter(
    (position) => position.accountId === accountId,
  );
  return {
    accountId,
    venue: venueBooks.parse(await response.json()),
    ours: {
      orders,
      fills: fills.map((fill) => ({
        venueTradeId: fill.venue_trade_id,
        price: fill.price,
        quantity: fill.quantity,
        feeAmount: fill.fee_amount,
        feeAsset: fill.fee_asset,
      })),
      balances,
    },
    opening: Object.fromEntries(opening.map(({ asset, amount }) => [asset, amount])),
    reserved: Object.fromEntries(balances.map(({ asset, reserved }) => [asset, reserved])),
    positions,
  };
}

async function guardFacts({ repositories, db }: Sources): Promise<GuardFacts> {
  const { rows } = await sql<GuardFacts['stated'][number]>`
    select strategy_id as "strategyId", symbol, sum(quantity)::text as held from positions p
    where exists (select from orders o join fills f using (order_id)
      where o.strategy_id = p.strategy_id and o.symbol = p.symbol and not o.reducing
        and o.signal ? 'stops')
    group by 1, 2`.execute(db);
  return {
    guards: await repositories.guards.listGuards(),
    unguarded: (await repositories.guards.unguarded()).map(({ sentence }) => sentence),
    stated: rows,
  };
}

async function workflowFacts(client: Client): Promise<WorkflowFacts[]> {
  const facts: WorkflowFacts[] = [];
  for await (const { workflowId, runId, type, status } of client.workflow.list()) {
    const { events = [] } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    facts.push({
      id: workflowId,
      type,
      status: status.name,
      taskFailures: (events ?? []).flatMap(({ workflowTaskFailedEventAttributes: failed }) =>
        // Unhandled command: a signal came while the task ended. Temporal's own way to have it done again.
        failed === null || failed === undefined || failed.cause === UNHANDLED_COMMAND
          ? []
          : [failed.failure?.message ?? 'no reason given'],
      ),
    });
  }
  return facts;
}

const UNHANDLED_COMMAND =
  proto.temporal.api.enums.v1.WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND;

/** What a group must have read to the end. Strategy instances' groups: the topics they committed on. */
const READS: Readonly<Record<string, RegExp>> = {
  dispatcher: ALL_SIGNALS,
  'risk-monitor': ALL_MARKETS,
  manager: ALL_ORDERS,
  'manager-market': ALL_MARKETS,
  'manager-account': ALL_ACCOUNTS,
};
const DEAD_LETTERS = /^system\.dead-letter\./;

/** How far each consumer group is behind, and how much was set aside. */
export async function busFacts(
  brokers: readonly string[],
): Promise<Pick<ChaosFacts, 'consumers' | 'deadLetters'>> {
  const admin = new Kafka({
    clientId: 'keel-chaos-verdict',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  try {
    const topics = await admin.listTopics();
    const ends = new Map<string, { partition: number; low: bigint; high: bigint }[]>();
    for (const topic of topics) {
      const partitions = await admin.fetchTopicOffsets(topic);
      ends.set(
        topic,
        partitions.map(({ partition, low, high }) => ({
          partition,
          low: BigInt(low),
          high: BigInt(high),
        })),
      );
    }
    const consumers: ConsumerFacts[] = [];
    for (const group of await groupsOf(admin)) {
      const committed = new Map<string, bigint>();
      for (const { topic, partitions } of await admin.fetchOffsets({ groupId: group })) {
        for (const { partition, offset } of partitions) {
          if (offset !== '-1') committed.set(`${topic}/${String(partition)}`, BigInt(offset));
        }
      }
      const reads = (topic: string): boolean =>
        READS[group]?.test(topic) ??
        [...committed.keys()].some((place) => place.startsWith(`${topic}/`));
      for (const topic of topics.filter(reads)) {
        const behind = (ends.get(topic) ?? []).reduce(
          (sum, { partition, low, high }) =>
            sum + high - (committed.get(`${topic}/${String(partition)}`) ?? low),
          0n,
        );
        consumers.push({ group, topic, behind: Number(behind) });
      }
    }
    return {
      consumers,
      deadLetters: Object.fromEntries(
        topics
          .filter((topic) => DEAD_LETTERS.test(topic))
          .map((topic) => [
            topic,
            Number((ends.get(topic) ?? []).reduce((sum, { low, high }) => sum + high - low, 0n)),
          ]),
      ),
    };
  } finally {
    await admin.disconnect();
  }
}

async function groupsOf(admin: ReturnType<Kafka['admin']>): Promise<string[]> {
  const { groups } = await admin.listGroups();
  return [...new Set([...Object.keys(READS), ...groups.map(({ groupId }) => groupId)])];
}

/** Ids of the orders that have not come to their end. */
export async function unfinishedOrders(db: Kysely<Database>): Promise<string[]> {
  const rows = await db
    .selectFrom('orders')
    .select('order_id')
    .where('finished_at', 'is', null)
    .execute();
  return rows.map((row) => row.order_id);
}
