/** The repositories that the API asks, over what is held in memory. */
import type { StudyRecord, StudyRepository } from '../../adapters/study-repository.ts';
import type { DecisionRepository } from '../../adapters/decision-repository.ts';
import type { GuardKey, GuardRepository, GuardView } from '../../adapters/guard-repository.ts';
import type { OrderRepository } from '../../adapters/order-repository.ts';
import type { ReconciliationRepository } from '../../adapters/reconciliation-repository.ts';
import type {
  AccountRepository,
  Halt,
  HaltRepository,
  PortfolioRepository,
  UserRepository,
} from '../../adapters/repositories.ts';
import type { StrategyRepository } from '../../adapters/strategy-repository.ts';
import { KeelError } from '../../core/errors.ts';
import type { OrderView } from '../../core/order.ts';
import { T0 } from './market.ts';
import { ACCOUNT, type ApiState } from './api-state.ts';

/** An object with some of its methods; asking for another one fails the test by name. */
function fake<T extends object>(name: string, methods: Partial<T>): T {
  return new Proxy(methods as T, {
    get(target, key) {
      if (key in target) return Reflect.get(target, key) as unknown;
      throw new Error(`the fake ${name} has no ${String(key)}`);
    },
  });
}

export function accountRepository(): AccountRepository {
  return fake<AccountRepository>('accounts', {
    list: async () => [{ id: ACCOUNT, exchange: 'binance', mode: 'sandbox', feeIn: 'received' }],
    balances: async () => [
      { accountId: ACCOUNT, asset: 'USDT', total: '9000.5', reserved: '10', updatedAt: T0 },
    ],
  });
}

export function strategyRepository(state: ApiState): StrategyRepository {
  return fake<StrategyRepository>('strategies', {
    list: async () => {
      if (state.defect !== undefined) throw state.defect;
      return [...state.strategies.values()];
    },
    get: async (id) => {
      const found = state.strategies.get(id);
      if (found === undefined) throw new KeelError('NOT_FOUND', `there is no strategy "${id}"`);
      return found;
    },
    create: async (strategy) => {
      if (state.strategies.has(strategy.id))
        throw new KeelError('CONFLICT', `${strategy.id} exists`);
      const { failurePolicy = { onFailure: 'stop' }, ...rest } = strategy;
      return state.addStrategy({ ...rest, failurePolicy });
    },
    endRun: async (id, _runId, status, reason) => {
      state.addStrategy({ ...state.strategies.get(id), status, statusReason: reason ?? null });
    },
  });
}

function orderById(state: ApiState, id: string): OrderView {
  const found = state.orders.find(({ orderId }) => orderId === id);
  if (found === undefined) throw new KeelError('NOT_FOUND', `there is no order ${id}`);
  return found;
}

export function orderRepository(state: ApiState): OrderRepository {
  return fake<OrderRepository>('orders', {
    riskContext: async (orderId, instrument, marketTime) => ({
      order: { ...orderById(state, orderId), price: '97000' },
      instrument,
      marketTime,
      position: { quantity: '0', openQuantity: '0' },
      funds: { allocation: '1000', free: state.free, accountFree: state.free, required: '970' },
      ordersToday: 1,
      halts: [],
      limits: {
        maxPosition: null,
        maxOrderNotional: null,
        maxOrdersPerDay: null,
        approvalNotional: null,
      },
    }),
    getOrder: async (id) => orderById(state, id),
    listOrders: async ({ limit, strategyId, status, after }) => {
      const from =
        after === undefined ? 0 : state.orders.findIndex(({ orderId }) => orderId === after) + 1;
      return state.orders
        .slice(from)
        .filter((order) => strategyId === undefined || order.strategyId === strategyId)
        .filter((order) => status === undefined || order.status === status)
        .slice(0, limit);
    },
    orderEvents: async () => state.events,
    orderFills: async () => state.fills,
  });
}

export function guardRepository(state: ApiState): GuardRepository {
  const byKey = ({ strategyId, symbol }: GuardKey): GuardView => {
    const found = state.guards.find(
      (guard) => guard.strategyId === strategyId && guard.symbol === symbol,
    );
    if (found === undefined) throw new KeelError('NOT_FOUND', `no guard of ${strategyId}`);
    return found;
  };
  return fake<GuardRepository>('guards', {
    listGuards: async ({ live = false, after, limit } = {}) => {
      const from =
        after === undefined
          ? 0
          : state.guards.findIndex(
              ({ strategyId, symbol }) =>
                strategyId === after.strategyId && symbol === after.symbol,
            ) + 1;
      return state.guards
        .slice(from)
        .filter(({ ending }) => !live || ending === null)
        .slice(0, limit);
    },
    setStops: async (key, { spec, by }) => ({ ...byKey(key), spec, setBy: by }),
    clear: async (key) => ({ ...byKey(key), clearing: true }),
  });
}

export function haltRepository(state: ApiState): HaltRepository {
  const byId = (id: number): Halt => {
    const found = state.halts.find((halt) => halt.id === id);
    if (found === undefined) throw new KeelError('NOT_FOUND', `there is no halt ${String(id)}`);
    return found;
  };
  return fake<HaltRepository>('halts', {
    list: async ({ limit, after = Infinity }) =>
      state.halts
        .toReversed()
        .filter(({ id }) => id < after)
        .slice(0, limit),
    get: async (id) => byId(id),
    set: async (halt) => {
      const lift = { liftedBy: null, liftedAt: null, liftReason: null };
      const set = { ...halt, ...lift, id: state.halts.length + 1, setAt: T0, cleanedAt: null };
      state.halts.push(set);
      return set;
    },
    lift: async (id, liftedBy, liftReason) => {
      const lifted = { ...byId(id), liftedBy, liftReason, liftedAt: T0 };
      state.halts[id - 1] = lifted;
      return lifted;
    },
  });
}

export function portfolioRepository(state: ApiState): PortfolioRepository {
  return fake<PortfolioRepository>('portfolio', {
    positions: async (strategyId) =>
      state.positions.filter((row) => strategyId === undefined || row.strategyId === strategyId),
    trades: async () => [],
    latestEquity: async () => [
      {
        strategyId: 'sma-btc',
        at: T0,
        equity: '1000.3',
        cash: '30.1',
        positionValue: '970.2',
        realisedPnl: '0.1',
        unrealisedPnl: '0.2',
        utilisation: '0.97',
      },
    ],
  });
}

export function reconciliationRepository(state: ApiState): ReconciliationRepository {
  return fake<ReconciliationRepository>('reconciliation', {
    lastRuns: async () => ({ [ACCOUNT]: T0 }),
    findings: async ({ state: wanted, limit, after = Infinity }) =>
      state.findings
        .toSorted((a, b) => b.id - a.id)
        .filter((one) => (wanted === undefined || one.state === wanted) && one.id < after)
        .slice(0, limit),
    openFindings: async (accountId = ACCOUNT) =>
      state.findings
        .filter((one) => one.state === 'open' && one.accountId === accountId)
        .map(({ kind }) => ({ accountId, kind, count: 1 })),
    resolve: async (id, by, { reason }) => {
      const found = state.findings.find((one) => one.id === id);
      if (found === undefined)
        throw new KeelError('NOT_FOUND', `there is no finding ${String(id)}`);
      return { ...found, state: 'resolved', resolvedBy: by, resolution: reason, resolvedAt: T0 };
    },
  });
}

export function decisionRepository(state: ApiState): DecisionRepository {
  return {
    list: async ({ since, until, limit, after }) => {
      const found = state.decisions.filter(
        ({ decidedAt }) => decidedAt >= since && decidedAt <= until,
      );
      const from = found.findIndex(({ orderId }) => orderId === after) + 1;
      return found.slice(from, from + limit);
    },
  };
}

export function userRepository(state: ApiState): UserRepository {
  return {
    count: async () => state.users.size,
    add: async (user) => {
      if (state.users.has(user.name)) return false;
      state.users.set(user.name, user);
      return true;
    },
    find: async (name) => state.users.get(name) ?? null,
  };
}

export function studyRepository(state: ApiState): StudyRepository {
  const byId = (id: string): StudyRecord => {
    const found = state.studies.get(id);
    if (found === undefined) throw new KeelError('NOT_FOUND', `there is no study "${id}"`);
    return found;
  };
  return fake<StudyRepository>('studies', {
    create: async (study) => {
      state.studies.set(study.studyId, {
        ...study,
        ...{ status: 'running', reason: null, reasonCode: null, fingerprint: null },
        ...{ tried: 0, failed: 0, best: null, createdAt: T0, endedAt: null },
      });
    },
    get: async (id) => byId(id),
    list: async ({ limit, after }) => {
      const all = [...state.studies.values()].toReversed();
      const from = after === undefined ? 0 : all.indexOf(byId(after)) + 1;
      return all.slice(from, from + limit);
    },
    report: async (id) =>
      byId(id).status === 'done' ? { best: [], trials: [], warnings: ['no trial'] } : null,
  });
}
