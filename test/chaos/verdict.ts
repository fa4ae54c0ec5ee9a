/**
 * What must be true once a chaos run is quiet. Pure: from the facts of all servers to one sentence for each
 * thing that is wrong. An empty list is the promise kept.
 */
import { compareBooks, type OurBooks, type VenueBooks } from '../../cli/demo/audit.ts';
import { isFinalIntent } from '../../core/intent-machine.ts';
import { initialMargin } from '../../core/contract.ts';
import { isContract, parseSymbol } from '../../core/symbol.ts';
import { type AmendFacts, judgeAmends, judgeApprovals } from './verdict-people.ts';
import { decimal, Decimal, toDecimalString } from '../../core/money.ts';
import { LEVERAGE } from './venues.ts';
import {
  judgeGuards,
  judgeHalt,
  standingStop,
  type GuardFacts,
  type HaltFacts,
} from './verdict-guards.ts';

export interface AccountFacts {
  readonly accountId: string;
  readonly venue: VenueBooks;
  readonly ours: OurBooks;
  /** What the account held before the first order, by asset. */
  readonly opening: Readonly<Record<string, string>>;
  /** Still held back when every order is final but the stops of guards, by asset. */
  readonly reserved: Readonly<Record<string, string>>;
  /** By strategy and symbol of the account, in base. */
  readonly positions: readonly PositionFacts[];
}

/** Decimal strings: base, quote and settlement asset. */
export interface PositionFacts {
  readonly strategyId: string;
  readonly symbol: string;
  readonly quantity: string;
  readonly cost: string;
  readonly realisedPnl: string;
}

export interface WorkflowFacts {
  readonly id: string;
  readonly type: string;
  /** Temporal's own word: `COMPLETED`, `RUNNING`, `FAILED` … */
  readonly status: string;
  /** Messages of workflow tasks that failed: code that throws or that does not replay. */
  readonly taskFailures: readonly string[];
}

export interface ConsumerFacts {
  readonly group: string;
  readonly topic: string;
  /** Messages that the group has not handled. */
  readonly behind: number;
}

export interface ChaosFacts {
  /** Every signal that was published, with the kind of its order. */
  readonly signals: readonly { readonly id: string; readonly kind: string }[];
  readonly amends: readonly AmendFacts[];
  readonly accounts: readonly AccountFacts[];
  readonly guards: GuardFacts;
  readonly halts: readonly HaltFacts[];
  readonly workflows: readonly WorkflowFacts[];
  readonly consumers: readonly ConsumerFacts[];
  /** Signals in the outbox that were never published. */
  readonly unpublished: readonly string[];
  /** Messages set aside as unusable, by topic. */
  readonly deadLetters: Readonly<Record<string, number>>;
}

/**
 * Workflows that may run when all orders are final: reconciliation by its schedule, over and over, and guards of
 * positions; that these are the right ones is judged with the guards.
 */
const STANDING: ReadonlySet<string> = new Set(['reconcileWorkflow', 'guardWorkflow']);

export function judge(facts: ChaosFacts): string[] {
  const stops = new Set(facts.guards.guards.flatMap((guard) => standingStop(guard) ?? []));
  return [
    ...judgeSignals(facts),
    ...judgeApprovals(facts),
    ...judgeAmends(facts),
    ...facts.accounts.flatMap((account) => judgeAccount(account, stops)),
    ...judgeGuards(facts.guards, {
      orders: facts.accounts.flatMap(({ ours }) => ours.orders),
      venueOrders: facts.accounts.flatMap(({ venue }) => venue.orders),
      running: new Set(
        facts.workflows.flatMap(({ id, status }) => (status === 'RUNNING' ? id : [])),
      ),
    }),
    ...facts.halts.flatMap(judgeHalt),
    ...facts.workflows.flatMap((workflow) => judgeWorkflow(workflow, stops)),
    ...facts.consumers
      .filter(({ behind }) => behind > 0)
      .map(
        ({ group, topic, behind }) =>
          `group ${group} is ${String(behind)} message(s) behind the end of ${topic}`,
      ),
    ...facts.unpublished.map((id) => `signal ${id} is in the outbox and was never published`),
    ...Object.entries(facts.deadLetters)
      .filter(([, count]) => count > 0)
      .map(([topic, count]) => `${String(count)} message(s) were set aside on ${topic}`),
  ];
}

/** Every signal has an order, and every order has come to its end. */
function judgeSignals({ signals, accounts }: ChaosFacts): string[] {
  const orders = new Map(
    accounts.flatMap(({ ours }) => ours.orders.map((order) => [order.orderId, order] as const)),
  );
  return signals.flatMap(({ id, kind }) => {
    const order = orders.get(id);
    if (order === undefined) return [`signal ${id} (${kind}) has no order`];
    return isFinalIntent(order.state)
      ? []
      : [`signal ${id} (${kind}) has come to no end: its order is ${order.state}`];
  });
}

function judgeAccount(account: AccountFacts, stops: ReadonlySet<string>): string[] {
  const of = (text: string): string => `${account.accountId}: ${text}`;
  return [
    ...compareBooks(account.venue, account.ours, stops),
    ...doubled(account.venue),
    ...judgeReserved(account, stops),
    ...judgePositions(account),
    ...judgeContracts(account),
  ].map(of);
}

/** Nothing is held back but what the guards' resting stops are to sell, and the margin of contracts. */
function judgeReserved(
  { reserved, ours, positions }: AccountFacts,
  stops: ReadonlySet<string>,
): string[] {
  const resting = ours.orders.filter(({ orderId }) => stops.has(orderId));
  return Object.entries(reserved).flatMap(([asset, amount]) => {
    const spokenFor = resting
      .filter(({ symbol }) => symbol.split('/')[0] === asset)
      .reduce((sum, { quantity }) => sum.plus(quantity), marginIn(asset, positions));
    return spokenFor.eq(amount)
      ? []
      : [
          `${amount} ${asset} are held back, margin and resting stops hold ${toDecimalString(spokenFor)} and every other order is final`,
        ];
  });
}

function marginIn(asset: string, positions: AccountFacts['positions']): Decimal {
  return positions
    .filter(({ symbol }) => isContract(symbol) && parseSymbol(symbol).settle === asset)
    .reduce((sum, { cost }) => sum.plus(initialMargin(cost, LEVERAGE)), new Decimal(0));
}

/** One trade of one order, whatever the books say. */
function doubled({ trades }: VenueBooks): string[] {
  const seen = new Set<string>();
  return trades.flatMap(({ id }) => {
    if (seen.has(id)) return [`the venue tells the trade ${id} twice`];
    seen.add(id);
    return [];
  });
}

/** On spot the strategies' positions together are what the account gained of the base asset. */
function judgePositions({ ours, opening, positions }: AccountFacts): string[] {
  const held = new Map<string, Decimal>();
  for (const { symbol, quantity } of positions) {
    const [base = ''] = symbol.split('/');
    // A perpetual's position is no asset of the account.
    if (symbol.includes(':')) continue;
    held.set(base, (held.get(base) ?? new Decimal(0)).plus(quantity));
  }
  return [...held].flatMap(([asset, quantity]) => {
    const total = ours.balances.find((balance) => balance.asset === asset)?.total ?? '0';
    const gained = decimal(total).minus(opening[asset] ?? '0');
    return gained.eq(quantity)
      ? []
      : [
          `the strategies hold ${toDecimalString(quantity)} ${asset}, the account gained ${toDecimalString(gained)}`,
        ];
  });
}

/** A contract's position is the venue's, in size and cost, and what it realised is what the wallet gained. */
function judgeContracts({ ours, opening, positions, venue }: AccountFacts): string[] {
  const contracts = positions.filter(({ symbol }) => isContract(symbol));
  const symbols = new Set([...contracts, ...venue.positions].map(({ symbol }) => symbol));
  const differences = [...symbols].flatMap((symbol) => {
    const here = contracts.find((position) => position.symbol === symbol);
    const there = venue.positions.find((position) => position.symbol === symbol);
    const same = (['quantity', 'cost'] as const).every((figure) =>
      decimal(here?.[figure] ?? '0').eq(there?.[figure] ?? '0'),
    );
    return same
      ? []
      : [
          `${symbol}: the venue has ${there?.quantity ?? '0'} for ${there?.cost ?? '0'}, ` +
            `the strategy ${here?.quantity ?? '0'} for ${here?.cost ?? '0'}`,
        ];
  });
  // Where spot is paid for out of the same wallet, the balances alone tell.
  const spent = new Set(
    positions.flatMap(({ symbol }) => (isContract(symbol) ? [] : [parseSymbol(symbol).quote])),
  );
  const settled = new Set(
    contracts
      .map(({ symbol }) => parseSymbol(symbol).settle ?? '')
      .filter((asset) => !spent.has(asset)),
  );
  const gains = [...settled].flatMap((asset) => {
    const realised = contracts
      .filter(({ symbol }) => parseSymbol(symbol).settle === asset)
      .reduce((sum, { realisedPnl }) => sum.plus(realisedPnl), new Decimal(0));
    const total = ours.balances.find((balance) => balance.asset === asset)?.total ?? '0';
    const gained = decimal(total).minus(opening[asset] ?? '0');
    return gained.eq(realised)
      ? []
      : [
          `${asset}: contracts realised ${toDecimalString(realised)}, the account gained ${toDecimalString(gained)}`,
        ];
  });
  return [...differences, ...gains];
}

function judgeWorkflow(
  { id, type, status, taskFailures }: WorkflowFacts,
  stops: ReadonlySet<string>,
): string[] {
  const failed = taskFailures.map(
    (message) => `workflow ${id} (${type}) failed a task: ${message}`,
  );
  if (status === 'COMPLETED' || status === 'CONTINUED_AS_NEW') return failed;
  if (status === 'RUNNING' && (STANDING.has(type) || stops.has(id))) return failed;
  return [...failed, `workflow ${id} (${type}) is ${status}`];
}
