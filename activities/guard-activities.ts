/**
 * The guard's one step as a Temporal activity: look, decide (core/guard-plan.ts, under the locks of position
 * and guard), and after the commit do what was decided. A worker that dies in between has stored the decision:
 * the retry finds the order by its id and sends it again, which is the same order.
 */
import { RISK_ALERT } from '../adapters/bus/messages.ts';
import { alertTopic } from '../adapters/bus/topics.ts';
import type { EventBus } from '../adapters/event-bus.ts';
import type {
  GuardDoor,
  GuardKey,
  GuardRepository,
  OrderDoor,
} from '../adapters/guard-repository.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { Guard, GuardMessage, GuardNews, GuardPlan, GuardWorld } from '../core/guard.ts';
import { planGuard } from '../core/guard-plan.ts';
import type { Logger } from '../observability/logger.ts';
import { withFailures } from './failures.ts';

export interface GuardActivityDeps {
  readonly guards: Pick<GuardRepository, 'getGuard' | 'advance' | 'unanswered'>;
  /** By account id. */
  readonly adapters: ReadonlyMap<
    string,
    Pick<TradeAdapter, 'instrument' | 'marketTime' | 'stopOrders'>
  >;
  readonly orders: OrderDoor;
  readonly door: Pick<GuardDoor, 'tellGuard'>;
  readonly bus: Pick<EventBus, 'publish'>;
  /** Newest known price. Throws NOT_FOUND where there is none. */
  price(exchange: string, symbol: string): Promise<string>;
  readonly logger: Logger;
  /** Wall milliseconds; the machine's clock where none is given. */
  readonly now?: () => number;
}

export interface GuardStep extends GuardKey {
  /** Exits that asked it to stand aside. */
  readonly asking: readonly string[];
  readonly trigger?: Extract<GuardMessage, { kind: 'trigger' }>;
  readonly ratchet?: Extract<GuardMessage, { kind: 'ratchet' }>;
}

/** What the workflow keeps, and shows. */
export interface GuardOutcome extends Pick<
  Guard,
  'state' | 'ending' | 'side' | 'quantity' | 'levels' | 'exit' | 'reason' | 'generation'
> {
  readonly order: { readonly kind: 'stop' | 'close'; readonly id: string } | null;
  /** Of the exits that asked, those that still wait. */
  readonly asking: readonly string[];
  readonly lookAgainMs: number | null;
}

export interface GuardActivities {
  lookAtGuard(step: GuardStep): Promise<GuardOutcome>;
  /** Asks the guard to take its stop out of an exit's way. Ask again while it is in the way. */
  askGuard(ask: GuardKey & { readonly orderId: string }): Promise<void>;
}

export function createGuardActivities(deps: GuardActivityDeps): GuardActivities {
  const { guards, orders, logger, now = Date.now } = deps;

  async function worldOf(guard: Guard): Promise<GuardWorld> {
    const { accountId, exchange, symbol } = guard;
    const adapter = deps.adapters.get(accountId);
    if (adapter === undefined) {
      // Another worker may have it: the guard waits for that one.
      const known = [...deps.adapters.keys()].join(', ');
      throw new KeelError(
        'UNAVAILABLE',
        `no account "${accountId}" is configured in this worker; known accounts: ${known}`,
      );
    }
    return {
      instrument: await adapter.instrument(symbol),
      venueStops: adapter.stopOrders,
      price: await priceOrNull(exchange, symbol),
      marketTime: await adapter.marketTime(),
      now: now(),
    };
  }

  async function priceOrNull(exchange: string, symbol: string): Promise<string | null> {
    try {
      return await deps.price(exchange, symbol);
    } catch (error) {
      if (error instanceof KeelError && error.code === 'NOT_FOUND') return null;
      throw error;
    }
  }

  /** Does what was planned; the order's id where its workflow is over already. */
  async function carryOut({ act }: GuardPlan): Promise<string | null> {
    switch (act.kind) {
      case 'none':
        return null;
      case 'send':
        return (await orders.startOrder(act.signal)) === 'over' ? act.signal.id : null;
      case 'cancel': {
        const request = { by: 'guard', reason: act.reason };
        try {
          await orders.cancelOrder(act.signal.id, request);
          return null;
        } catch (error) {
          if (!(error instanceof KeelError) || error.code !== 'NOT_FOUND') throw error;
        }
        // Over, or never started by who died before: only an order that has run can never come later.
        if ((await orders.startOrder(act.signal)) === 'over') return act.signal.id;
        await orders.cancelOrder(act.signal.id, request);
        return null;
      }
    }
  }

  async function tell({ guard, alert }: GuardPlan, marketTime: number): Promise<void> {
    if (alert === null) return;
    const { strategyId, accountId, exchange, symbol, generation, ordersMade } = guard;
    logger.error({ strategy_id: strategyId, symbol, rule: alert.rule }, 'guard_alert');
    const id = `${alert.rule}:${strategyId}:${symbol}:${String(generation)}:${String(ordersMade)}`;
    await deps.bus.publish(alertTopic(alert.level), RISK_ALERT, [
      {
        id,
        key: `${strategyId}:${symbol}`,
        time: marketTime,
        data: {
          ...alert,
          at: marketTime,
          ...{ accountId, strategyId, exchange, symbol },
          value: alert.rule === 'guard-dust' ? guard.quantity : null,
          threshold: null,
        },
      },
    ]);
  }

  return withFailures({
    async lookAtGuard({ asking, trigger, ratchet, ...key }: GuardStep): Promise<GuardOutcome> {
      const world = await worldOf(await guards.getGuard(key));
      const waiting = await guards.unanswered(asking);
      const news: GuardNews = {
        asked: waiting.length > 0,
        ...(trigger === undefined ? {} : { trigger }),
        ...(ratchet === undefined ? {} : { ratchet }),
      };
      const look = async (more: GuardNews): Promise<GuardPlan> => {
        const plan = await guards.advance(key, (sight) => planGuard(sight, world, more));
        await tell(plan, world.marketTime);
        return plan;
      };
      let plan = await look(news);
      const over = await carryOut(plan);
      if (over !== null) {
        plan = await look({ asked: news.asked, lostOrderId: over });
        await carryOut(plan);
      }
      return outcomeOf(plan, waiting);
    },

    askGuard: ({ orderId, ...key }: GuardKey & { readonly orderId: string }) =>
      deps.door.tellGuard(key, { kind: 'standAside', orderId }),
  });
}

function outcomeOf({ guard, lookAgainMs }: GuardPlan, asking: readonly string[]): GuardOutcome {
  const { state, ending, side, quantity, levels, exit, reason, generation, order } = guard;
  return {
    ...{ state, ending, side, quantity, levels, exit, reason, generation },
    order: order === null ? null : { kind: order.kind, id: order.signal.id },
    asking,
    lookAgainMs,
  };
}
