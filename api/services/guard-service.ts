/** Guards: the stops of positions, as they stand; set and cleared by people. */
import type { GuardDoor, GuardKey, GuardView } from '../../adapters/guard-repository.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import { guardWorkflowId } from '../../core/guard-signal.ts';
import { pageOf } from '../paging.ts';
import type { ClearGuardBody, GuardBody, GuardPageQuery, SetGuardBody } from '../schemas.ts';

export interface GuardServiceDeps {
  readonly repositories: Pick<Repositories, 'guards' | 'strategies' | 'audit'>;
  readonly door: Pick<GuardDoor, 'tellGuard'>;
  marketTime(accountId: string): Promise<number>;
  /** Its page in the Temporal web UI. */
  workflowLink(workflowId: string): string;
}

export interface GuardService {
  list(query: GuardPageQuery): Promise<{ guards: readonly GuardBody[]; next: string | null }>;
  /** Throws NOT_FOUND for an unknown strategy, CONFLICT where it holds nothing. */
  set(body: SetGuardBody, by: string): Promise<GuardBody>;
  /** Throws NOT_FOUND, or CONFLICT where it has ended. */
  clear(body: ClearGuardBody, by: string): Promise<GuardBody>;
}

export function createGuardService(deps: GuardServiceDeps): GuardService {
  const { guards, strategies, audit } = deps.repositories;

  const show = (guard: GuardView): GuardBody => ({
    strategyId: guard.strategyId,
    symbol: guard.symbol,
    state: guard.state,
    ending: guard.ending,
    held: guard.held,
    stop: guard.levels.stop,
    takeProfit: guard.levels.takeProfit,
    spec: guard.spec,
    orderId: guard.order?.signal.id ?? null,
    reason: guard.reason,
    setBy: guard.setBy,
    updatedAt: guard.updatedAt,
    workflowUrl: deps.workflowLink(guardWorkflowId(guard.strategyId, guard.symbol)),
  });

  /** The row stands; a guard that is not told of it is found by the risk monitor's sweep. */
  const tell = (key: GuardKey): Promise<void> =>
    deps.door.tellGuard(key, { kind: 'positionChanged' });

  return {
    async list({ live, limit, after }) {
      const { rows, next } = await pageOf(
        limit,
        (most) =>
          guards.listGuards({
            ...(live ? { live } : {}),
            ...(after === undefined ? {} : { after: keyOf(after) }),
            limit: most,
          }),
        ({ strategyId, symbol }) => `${strategyId} ${symbol}`,
      );
      return { guards: rows.map(show), next };
    },

    async set({ strategyId, symbol, stops }, by) {
      const { accountId } = await strategies.get(strategyId);
      const marketTime = await deps.marketTime(accountId);
      const key = { strategyId, symbol };
      await audit.write({
        actor: by,
        action: 'guard.set',
        target: strategyId,
        detail: { symbol, stops: JSON.stringify(stops) },
      });
      const guard = await guards.setStops(key, { spec: stops, by, marketTime });
      await tell(key);
      return show(guard);
    },

    async clear({ strategyId, symbol, reason }, by) {
      const key = { strategyId, symbol };
      await audit.write({
        actor: by,
        action: 'guard.clear',
        target: strategyId,
        detail: { symbol, reason },
      });
      const guard = await guards.clear(key, { by, reason });
      await tell(key);
      return show(guard);
    },
  };
}

/** A symbol has no space; a strategy's id may. */
function keyOf(cursor: string): GuardKey {
  const space = cursor.lastIndexOf(' ');
  return { strategyId: cursor.slice(0, space), symbol: cursor.slice(space + 1) };
}
