/** The API over fakes in memory: its repositories, its bus and its Temporal, each as far as the API asks. */
import type { Express } from 'express';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyJsonSchema } from '../../adapters/temporal/history-json.ts';
import { HISTORIES } from '../histories.ts';
import { createApp, type Services } from '../../api/server.ts';
import { createTokens, hashPassword } from '../../api/auth.ts';
import type { DecisionRepository } from '../../adapters/decision-repository.ts';
import type { RecordedDecision } from '../../core/decision.ts';
import type { Deployments, WorkerBuild } from '../../adapters/temporal/deployments.ts';
import { createBuildService } from '../../api/services/build-service.ts';
import { createGuardService } from '../../api/services/guard-service.ts';
import { createHaltService } from '../../api/services/halt-service.ts';
import { createCloseService } from '../../api/services/close-service.ts';
import { createOrderService } from '../../api/services/order-service.ts';
import { createPlaceService } from '../../api/services/place-service.ts';
import { createPortfolioService } from '../../api/services/portfolio-service.ts';
import { createReconciliationService } from '../../api/services/reconciliation-service.ts';
import type { Probe } from '../../api/services/readiness.ts';
import { createStrategyService } from '../../api/services/strategy-service.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';
import { createMemoryBus } from '../../adapters/bus/memory.ts';
import { SIGNAL } from '../../adapters/bus/messages.ts';
import { ALL_SIGNALS } from '../../adapters/bus/topics.ts';
import type {
  AccountRepository,
  AuditRepository,
  Halt,
  HaltRepository,
  PortfolioRepository,
  PositionRecord,
  Role,
  UserRecord,
  UserRepository,
} from '../../adapters/repositories.ts';
import type { Json } from '../../core/json.ts';
import type { GuardKey, GuardRepository, GuardView } from '../../adapters/guard-repository.ts';
import type { OrderEvent, OrderRepository } from '../../adapters/order-repository.ts';
import type {
  Finding,
  ReconciliationRepository,
} from '../../adapters/reconciliation-repository.ts';
import type { StrategyRecord, StrategyRepository } from '../../adapters/strategy-repository.ts';
import { KeelError } from '../../core/errors.ts';
import type { Fill } from '../../core/fill.ts';
import type { OrderView } from '../../core/order.ts';
import type { Signal } from '../../core/signal.ts';
import { createLogger } from '../../observability/logger.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import type { StrategyState } from '../../workflows/strategy-messages.ts';
import { createInstrument, T0 } from './market.ts';

/** An object with some of its methods; asking for another one fails the test by name. */
function fake<T extends object>(name: string, methods: Partial<T>): T {
  return new Proxy(methods as T, {
    get(target, key) {
      if (key in target) return Reflect.get(target, key) as unknown;
      throw new Error(`the fake ${name} has no ${String(key)}`);
    },
  });
}

/** Made once: hashing is slow on purpose. */
const ANNS_PASSWORD = hashPassword('correct horse');

export const ACCOUNT = 'binance-sandbox';

export class ApiWorld {
  readonly tokens = createTokens('a-secret-of-at-least-32-characters');
  readonly bus = createMemoryBus('api-test');
  readonly strategies = new Map<string, StrategyRecord>();
  readonly orders: OrderView[] = [];
  readonly events: OrderEvent[] = [];
  readonly fills: Fill[] = [];
  readonly halts: Halt[] = [];
  readonly guards: GuardView[] = [];
  readonly positions: PositionRecord[] = [];
  readonly findings: Finding[] = [];
  readonly users = new Map<string, UserRecord>();
  readonly audit: { actor: string; action: string; target: string; detail?: Json }[] = [];
  /** Workflow ids that are on, and what they were sent. */
  readonly running = new Set<string>();
  readonly sent: string[] = [];
  readonly signals: Signal[] = [];
  readonly away = new Set<string>();
  price: string | null = '97000.5';
  /** Quote free for orders. */
  free = '5000';
  /** Oldest first. */
  readonly decisions: RecordedDecision[] = [];
  /** Of the workers, by build id; undefined: they are unversioned. */
  builds: Map<string, WorkerBuild> | undefined;
  /** A defect to be met by the next list of strategies. */
  defect: Error | undefined;

  async open(
    options: { loginsPerMinute?: number } & Pick<Services, 'encryption'> = {},
  ): Promise<Express> {
    const { loginsPerMinute, encryption } = options;
    await this.bus.subscribe({
      group: 'test',
      topics: ALL_SIGNALS,
      kind: SIGNAL,
      handle: async ({ message }) => {
        this.signals.push(message.data);
      },
    });
    this.users.set('ann', {
      name: 'ann',
      role: 'trader',
      passwordHash: await ANNS_PASSWORD,
      createdAt: 0,
    });
    const audit: AuditRepository = {
      write: async (entry) => {
        this.audit.push(entry);
      },
    };
    const repositories = {
      strategies: this.strategyRepository(),
      accounts: fake<AccountRepository>('accounts', {
        list: async () => [
          { id: ACCOUNT, exchange: 'binance', mode: 'sandbox', feeIn: 'received' },
        ],
        balances: async () => [
          { accountId: ACCOUNT, asset: 'USDT', total: '9000.5', reserved: '10', updatedAt: T0 },
        ],
      }),
      orders: this.orderRepository(),
      portfolio: this.portfolioRepository(),
      halts: this.haltRepository(),
      guards: this.guardRepository(),
      reconciliation: this.reconciliationRepository(),
      audit,
    };
    const workflows = this.workflows();
    const workflowLink = (id: string): string => `http://temporal/workflows/${id}`;
    const probe =
      (name: string): Probe =>
      async () => {
        if (this.away.has(name)) throw new Error(`${name} is away`);
      };
    const asking = {
      repositories,
      bus: this.bus,
      workflowLink,
      marketTime: async () => T0,
      price: async () => this.price,
    };
    return createApp({
      strategies: createStrategyService({
        repositories,
        registry: defaultRegistry(),
        workflows,
        workflowLink,
        defaultMaxOrdersPerDay: 500,
        collectedSymbols: () => ['BTC/USDT'],
      }),
      orders: createOrderService({
        repositories,
        workflows,
        workflowLink,
        instrument: async () => createInstrument({ exchange: 'binance' }),
        marketTime: async () => T0,
      }),
      guards: createGuardService({
        repositories,
        door: {
          tellGuard: async ({ strategyId, symbol }) => {
            this.sent.push(`look at the guard of ${strategyId} in ${symbol}`);
          },
        },
        marketTime: async () => T0,
        workflowLink,
      }),
      halts: createHaltService({
        repositories,
        workflows,
        workflowLink,
        logger: createLogger('api-test', 'silent'),
      }),
      portfolio: createPortfolioService(repositories),
      reconciliation: createReconciliationService({ repositories, workflows, workflowLink }),
      closing: createCloseService(asking),
      placing: createPlaceService({
        ...asking,
        instrument: async () => createInstrument({ exchange: 'binance' }),
      }),
      workflows,
      decisions: this.decisionRepository(),
      builds: createBuildService({
        audit,
        versioned: this.builds && {
          deployment: 'keel',
          deployments: this.deployments(this.builds),
        },
      }),
      users: this.userRepository(),
      tokens: this.tokens,
      probes: { postgres: probe('postgres'), temporal: probe('temporal'), bus: probe('bus') },
      logger: createLogger('api-test', 'silent'),
      encryption,
      ...(loginsPerMinute === undefined ? {} : { limits: { loginsPerMinute } }),
    });
  }

  private decisionRepository(): DecisionRepository {
    return {
      list: async ({ since, until, limit, after }) => {
        const found = this.decisions.filter(
          ({ decidedAt }) => decidedAt >= since && decidedAt <= until,
        );
        const from = found.findIndex(({ orderId }) => orderId === after) + 1;
        return found.slice(from, from + limit);
      },
    };
  }

  private deployments(builds: Map<string, WorkerBuild>): Deployments {
    return {
      list: async () => [...builds.values()],
      makeCurrent: async (buildId) => {
        const build = builds.get(buildId);
        if (build === undefined) {
          throw new KeelError('CONFLICT', `build ${buildId} cannot become current`);
        }
        for (const other of builds.values()) {
          if (other.status === 'current')
            builds.set(other.buildId, { ...other, status: 'draining' });
        }
        builds.set(buildId, { ...build, status: 'current' });
      },
    };
  }

  /** An Authorization header of someone in that role. */
  async as(role: Role): Promise<string> {
    return `Bearer ${await this.tokens.issue({ name: `a-${role}`, role })}`;
  }

  addStrategy(overrides: Partial<StrategyRecord> = {}): StrategyRecord {
    const record: StrategyRecord = {
      id: 'sma-btc',
      name: 'SMA',
      type: 'sma-cross',
      accountId: ACCOUNT,
      exchange: 'binance',
      config: {},
      status: 'created',
      statusReason: null,
      runId: null,
      failurePolicy: { onFailure: 'stop' },
      quota: {
        allocation: '1000',
        maxPosition: null,
        maxOrderNotional: null,
        maxOrdersPerDay: 500,
        approvalNotional: null,
      },
      createdBy: 'ann',
      createdAt: T0,
      updatedAt: T0,
      ...overrides,
    };
    this.strategies.set(record.id, record);
    return record;
  }

  addOrder(overrides: Partial<OrderView> = {}): OrderView {
    const order: OrderView = {
      orderId: 'a'.repeat(24),
      version: 3,
      strategyId: 'sma-btc',
      strategyType: 'sma-cross',
      runId: 'run-1',
      source: { kind: 'strategy', name: 'sma-btc' },
      accountId: ACCOUNT,
      exchange: 'binance',
      symbol: 'BTC/USDT',
      side: 'buy',
      type: 'market',
      price: null,
      quantity: '0.01',
      filledQuantity: '0',
      filledQuote: '0',
      averagePrice: null,
      fees: {},
      reducing: false,
      state: 'working',
      status: 'open',
      reasonCode: null,
      reason: null,
      tag: 'golden-cross',
      eventTime: T0,
      validUntil: T0 + 60_000,
      createdAt: T0,
      updatedAt: T0,
      legs: [],
      ...overrides,
    };
    this.orders.push(order);
    return order;
  }

  addPosition(quantity: string): void {
    this.positions.push({
      strategyId: 'sma-btc',
      accountId: ACCOUNT,
      exchange: 'binance',
      symbol: 'BTC/USDT',
      quantity,
      cost: '970',
      realisedPnl: '1.5',
      quoteFlow: '-970',
      fees: {},
      funding: '0',
      updatedAt: T0,
    });
  }

  private strategyRepository(): StrategyRepository {
    return fake<StrategyRepository>('strategies', {
      list: async () => {
        if (this.defect !== undefined) throw this.defect;
        return [...this.strategies.values()];
      },
      get: async (id) => {
        const found = this.strategies.get(id);
        if (found === undefined) throw new KeelError('NOT_FOUND', `there is no strategy "${id}"`);
        return found;
      },
      create: async (strategy) => {
        if (this.strategies.has(strategy.id))
          throw new KeelError('CONFLICT', `${strategy.id} exists`);
        const { failurePolicy = { onFailure: 'stop' }, ...rest } = strategy;
        return this.addStrategy({ ...rest, failurePolicy });
      },
      endRun: async (id, _runId, status, reason) => {
        this.addStrategy({ ...this.strategies.get(id), status, statusReason: reason ?? null });
      },
    });
  }

  private orderById(id: string): OrderView {
    const found = this.orders.find(({ orderId }) => orderId === id);
    if (found === undefined) throw new KeelError('NOT_FOUND', `there is no order ${id}`);
    return found;
  }

  private orderRepository(): OrderRepository {
    return fake<OrderRepository>('orders', {
      riskContext: async (orderId, instrument, marketTime) => ({
        order: { ...this.orderById(orderId), price: '97000' },
        instrument,
        marketTime,
        position: { quantity: '0', openQuantity: '0' },
        funds: { allocation: '1000', free: this.free, accountFree: this.free, required: '970' },
        ordersToday: 1,
        halts: [],
        limits: {
          maxPosition: null,
          maxOrderNotional: null,
          maxOrdersPerDay: null,
          approvalNotional: null,
        },
      }),
      getOrder: async (id) => this.orderById(id),
      listOrders: async ({ limit, strategyId, status, after }) => {
        const from =
          after === undefined ? 0 : this.orders.findIndex(({ orderId }) => orderId === after) + 1;
        return this.orders
          .slice(from)
          .filter((order) => strategyId === undefined || order.strategyId === strategyId)
          .filter((order) => status === undefined || order.status === status)
          .slice(0, limit);
      },
      orderEvents: async () => this.events,
      orderFills: async () => this.fills,
    });
  }

  private guardRepository(): GuardRepository {
    const byKey = ({ strategyId, symbol }: GuardKey): GuardView => {
      const found = this.guards.find(
        (guard) => guard.strategyId === strategyId && guard.symbol === symbol,
      );
      if (found === undefined) throw new KeelError('NOT_FOUND', `no guard of ${strategyId}`);
      return found;
    };
    return fake<GuardRepository>('guards', {
      listGuards: async ({ live = false } = {}) =>
        this.guards.filter(({ ending }) => !live || ending === null),
      setStops: async (key, { spec, by }) => ({ ...byKey(key), spec, setBy: by }),
      clear: async (key) => ({ ...byKey(key), clearing: true }),
    });
  }

  private haltRepository(): HaltRepository {
    const byId = (id: number): Halt => {
      const found = this.halts.find((halt) => halt.id === id);
      if (found === undefined) throw new KeelError('NOT_FOUND', `there is no halt ${String(id)}`);
      return found;
    };
    return fake<HaltRepository>('halts', {
      list: async () => this.halts.toReversed(),
      get: async (id) => byId(id),
      set: async (halt) => {
        const lift = { liftedBy: null, liftedAt: null, liftReason: null };
        const set = { ...halt, ...lift, id: this.halts.length + 1, setAt: T0, cleanedAt: null };
        this.halts.push(set);
        return set;
      },
      lift: async (id, liftedBy, liftReason) => {
        const lifted = { ...byId(id), liftedBy, liftReason, liftedAt: T0 };
        this.halts[id - 1] = lifted;
        return lifted;
      },
    });
  }

  private portfolioRepository(): PortfolioRepository {
    return fake<PortfolioRepository>('portfolio', {
      positions: async (strategyId) =>
        this.positions.filter((row) => strategyId === undefined || row.strategyId === strategyId),
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

  addFinding(overrides: Partial<Finding> = {}): Finding {
    const finding: Finding = {
      id: this.findings.length + 1,
      accountId: ACCOUNT,
      exchange: 'binance',
      kind: 'balance-off',
      subject: 'USDT',
      symbol: null,
      message: `${ACCOUNT} holds 1250 USDT at the venue, 1000 by our books: 250 off`,
      off: '250',
      state: 'open',
      firstSeenAt: T0,
      lastSeenAt: T0,
      resolvedAt: null,
      resolvedBy: null,
      resolution: null,
      ...overrides,
    };
    this.findings.push(finding);
    return finding;
  }

  private reconciliationRepository(): ReconciliationRepository {
    return fake<ReconciliationRepository>('reconciliation', {
      lastRuns: async () => ({ [ACCOUNT]: T0 }),
      findings: async ({ state }) =>
        this.findings.filter((one) => state === undefined || one.state === state),
      resolve: async (id, by, { reason }) => {
        const found = this.findings.find((one) => one.id === id);
        if (found === undefined)
          throw new KeelError('NOT_FOUND', `there is no finding ${String(id)}`);
        return { ...found, state: 'resolved', resolvedBy: by, resolution: reason, resolvedAt: T0 };
      },
    });
  }

  private userRepository(): UserRepository {
    return {
      count: async () => this.users.size,
      add: async (user) => {
        if (this.users.has(user.name)) return false;
        this.users.set(user.name, user);
        return true;
      },
      find: async (name) => this.users.get(name) ?? null,
    };
  }

  private workflows(): Workflows {
    const on = (id: string): void => {
      if (!this.running.has(id)) throw new KeelError('NOT_FOUND', `${id} does not run`);
    };
    return {
      startStrategy: async ({ strategyId }) => {
        if (this.away.has('temporal')) throw new KeelError('UNAVAILABLE', 'Temporal is away');
        if (this.running.has(strategyId))
          throw new KeelError('CONFLICT', `${strategyId} runs already`);
        this.running.add(strategyId);
      },
      stopStrategy: async (strategyId, { by, flatten = false }) => {
        on(strategyId);
        this.sent.push(`stop ${strategyId} by ${by}${flatten ? ', flatten' : ''}`);
      },
      pauseStrategy: async (strategyId, { by }) => {
        on(strategyId);
        this.sent.push(`pause ${strategyId} by ${by}`);
        return strategyState(strategyId, 'paused');
      },
      resumeStrategy: async (strategyId, { by }) => {
        on(strategyId);
        this.sent.push(`resume ${strategyId} by ${by}`);
        return strategyState(strategyId, 'running');
      },
      startAmend: async ({ orderId, quantity, limitPrice }) => {
        this.sent.push(`amend ${orderId} to ${quantity} at ${limitPrice}`);
      },
      startHalt: async ({ haltId }) => {
        if (this.away.has('temporal')) throw new KeelError('UNAVAILABLE', 'Temporal is away');
        this.sent.push(`clean up after halt ${String(haltId)}`);
      },
      cancelOrder: async (orderId, { by }) => {
        on(orderId);
        this.sent.push(`cancel ${orderId} by ${by}`);
      },
      history: async (id) => {
        on(id);
        return historyJsonSchema.parse(
          JSON.parse(readFileSync(join(HISTORIES, 'order-filled.json'), 'utf8')),
        );
      },
      runs: async (id) => this.running.has(id),
      reconcile: async (accountId) => {
        on(`reconcile:${accountId}`);
        this.sent.push(`reconcile ${accountId}`);
      },
      decideOrder: async (orderId, verb, { by, note, role }) => {
        on(orderId);
        this.sent.push(`${verb} ${orderId} by ${by} (${role}): ${note ?? ''}`);
      },
      ping: async () => undefined,
    };
  }
}

function strategyState(strategyId: string, phase: StrategyState['phase']): StrategyState {
  return { strategyId, runId: 'run-1', phase, reason: null, restarts: 0, remaining: '' };
}
