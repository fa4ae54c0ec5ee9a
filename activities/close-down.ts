/**
 * Closing down what a scope covers: its open orders are named, for their workflows to be told, and where
 * asked its positions are closed. Used by `haltWorkflow` and by the stop of a strategy. Level-triggered: a
 * round reads what is, and can be run again after a crash at any point.
 */
import type { EventBus } from '../adapters/event-bus.ts';
import type { OrderRepository } from '../adapters/order-repository.ts';
import type { HaltRepository, PortfolioRepository, Scope } from '../adapters/repositories.ts';
import type { StrategyRecord, StrategyRepository } from '../adapters/strategy-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { closeSignal, closeSignalId } from '../core/close-signal.ts';
import { KeelError } from '../core/errors.ts';
import { isFinalIntent } from '../core/intent-machine.ts';
import type { OrderView } from '../core/order.ts';
import { withFailures } from './failures.ts';
import { ensureSignalTopics, publishSignal } from './publish-signals.ts';

export interface CloseDownDeps {
  readonly orders: Pick<OrderRepository, 'listOrders' | 'getOrder'>;
  readonly portfolio: Pick<PortfolioRepository, 'positions'>;
  readonly strategies: Pick<StrategyRepository, 'get'>;
  readonly halts: Pick<HaltRepository, 'get' | 'markCleaned'>;
  /** By account id. */
  readonly adapters: ReadonlyMap<string, Pick<TradeAdapter, 'marketTime'>>;
  readonly bus: EventBus;
  /** Newest known price in quote. Throws NOT_FOUND. */
  price(exchange: string, symbol: string): Promise<string>;
}

/** A position that is to be flat. */
export interface Holding {
  readonly strategyId: string;
  readonly symbol: string;
  /** Signed, in base. */
  readonly quantity: string;
  /** `dust`: too small for the venue to take; it stays, and is reported. */
  readonly state: 'closing' | 'dust';
}

export interface CloseDownRound {
  /** Orders still open that are to be cancelled. */
  readonly open: readonly string[];
  readonly held: readonly Holding[];
  /** Nothing is open any more, and what is held is dust, or was not to be closed. */
  readonly done: boolean;
}

export interface HaltRound extends CloseDownRound {
  /** False once it was lifted: nothing more is to be done. */
  readonly inForce: boolean;
  readonly scope: Scope['scope'];
  readonly target: string;
  readonly reason: string;
  readonly setBy: string;
  readonly flatten: boolean;
}

export interface StrategyCloseStep {
  readonly strategyId: string;
  /** Of the run that ends: names the closing orders. */
  readonly runId: string;
  /** `entries`: only what may grow the position. */
  readonly which: 'all' | 'entries';
  readonly flatten: boolean;
  /** Who asked. */
  readonly by: string;
}

export type CloseDownActivities = ReturnType<typeof createCloseDownActivities>;

const PAGE = 500;

/** The type workflows see, `CloseDownActivities`, is inferred from here. */
export function createCloseDownActivities(deps: CloseDownDeps) {
  const { orders, portfolio, strategies, halts } = deps;

  async function openOrders(scope: Scope, which: 'all' | 'entries'): Promise<readonly string[]> {
    const found: OrderView[] = [];
    for (;;) {
      const after = found.at(-1)?.orderId;
      const page = await orders.listOrders({
        open: true,
        limit: PAGE,
        ...(scope.scope === 'strategy' ? { strategyId: scope.target } : {}),
        ...(scope.scope === 'symbol' ? { symbol: scope.target } : {}),
        ...(after === undefined ? {} : { after }),
      });
      found.push(...page);
      if (page.length < PAGE) break;
    }
    return found
      .filter((order) => scope.scope !== 'exchange' || order.exchange === scope.target)
      .filter((order) => isToBeCancelled(order, which))
      .map(({ orderId }) => orderId);
  }

  async function known(orderId: string): Promise<OrderView | null> {
    try {
      return await orders.getOrder(orderId);
    } catch (error) {
      if (error instanceof KeelError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  /** Sends the next attempt to close a position, unless one is under way, or the last one met dust. */
  async function close(
    strategy: StrategyRecord,
    holding: Omit<Holding, 'state'>,
    runId: string,
    by: string,
  ): Promise<Holding> {
    const { symbol } = holding;
    for (let attempt = 1; ; attempt += 1) {
      const request = { strategy, symbol, runId, attempt };
      const order = await known(closeSignalId(request));
      if (order !== null && isFinalIntent(order.state)) {
        if (order.reasonCode === 'NOTHING_TO_SELL') return { ...holding, state: 'dust' };
        continue;
      }
      // Not there yet: sent now, or again, which is the same signal.
      if (order === null) {
        const adapter = deps.adapters.get(strategy.accountId);
        if (adapter === undefined) {
          throw new KeelError(
            'UNAVAILABLE',
            `account "${strategy.accountId}" of ${strategy.id} is not configured in this worker: add it to venues`,
          );
        }
        await ensureSignalTopics(deps.bus, strategy.type);
        await publishSignal(
          deps.bus,
          closeSignal({
            ...request,
            source: { kind: 'flatten', name: by },
            eventTime: await adapter.marketTime(),
            price: await deps.price(strategy.exchange, symbol),
            tag: 'flatten',
          }),
        );
      }
      return { ...holding, state: 'closing' };
    }
  }

  async function closePositions(
    scope: Scope,
    runId: string,
    by: string,
  ): Promise<readonly Holding[]> {
    const quantities = new Map<string, Omit<Holding, 'state'>>();
    for (const position of await portfolio.positions(
      scope.scope === 'strategy' ? scope.target : undefined,
    )) {
      const { strategyId, symbol, exchange, quantity } = position;
      const covered =
        (scope.scope !== 'symbol' || symbol === scope.target) &&
        (scope.scope !== 'exchange' || exchange === scope.target);
      if (covered && /[1-9]/.test(quantity)) {
        quantities.set(`${strategyId} ${symbol}`, { strategyId, symbol, quantity });
      }
    }
    return Promise.all(
      [...quantities.values()].map(async (holding) =>
        close(await strategies.get(holding.strategyId), holding, runId, by),
      ),
    );
  }

  return withFailures({
    /** One round of cleaning up after a halt. Stamps the halt when there is nothing left to do. */
    async sweepHalt({ haltId }: { readonly haltId: number }): Promise<HaltRound> {
      const halt = await halts.get(haltId);
      const { scope, target, reason, setBy, flatten } = halt;
      const facts = { scope, target, reason, setBy, flatten };
      if (halt.liftedAt !== null) {
        return { ...facts, inForce: false, open: [], held: [], done: true };
      }
      const open = await openOrders(halt, 'all');
      const held = flatten ? await closePositions(halt, `halt:${String(haltId)}`, setBy) : [];
      const done = isDone(open, held);
      if (done) await halts.markCleaned(halt);
      return { ...facts, inForce: true, open, held, done };
    },

    /** One round of cleaning up after a strategy that stops or is paused. */
    async sweepStrategy(step: StrategyCloseStep): Promise<CloseDownRound> {
      const scope = { scope: 'strategy', target: step.strategyId } as const;
      const open = await openOrders(scope, step.which);
      const held = step.flatten
        ? await closePositions(scope, `flatten:${step.runId}`, step.by)
        : [];
      return { open, held, done: isDone(open, held) };
    },
  });
}

/** Guards and flattens make risk smaller, and so does a person's close: those go on. */
function isToBeCancelled(order: OrderView, which: 'all' | 'entries'): boolean {
  const { kind } = order.source;
  if (kind === 'guard' || kind === 'flatten') return false;
  if (!order.reducing) return true;
  return which === 'all' && kind === 'strategy';
}

function isDone(open: readonly string[], held: readonly Holding[]): boolean {
  return open.length === 0 && held.every(({ state }) => state === 'dust');
}
