/** What the API's fakes hold in memory, and how a test puts it there. */
import type { StudyRecord } from '../../adapters/study-repository.ts';
import type { GuardView } from '../../adapters/guard-repository.ts';
import type { OrderEvent } from '../../adapters/order-repository.ts';
import type { Finding } from '../../adapters/reconciliation-repository.ts';
import type { Halt, PositionRecord, UserRecord } from '../../adapters/repositories.ts';
import type { StrategyRecord } from '../../adapters/strategy-repository.ts';
import type { WorkerBuild } from '../../adapters/temporal/deployments.ts';
import type { RecordedDecision } from '../../core/decision.ts';
import type { Fill } from '../../core/fill.ts';
import type { Json } from '../../core/json.ts';
import type { OrderView } from '../../core/order.ts';
import type { Signal } from '../../core/signal.ts';
import { T0 } from './market.ts';

export const ACCOUNT = 'binance-sandbox';

export class ApiState {
  readonly strategies = new Map<string, StrategyRecord>();
  readonly orders: OrderView[] = [];
  readonly events: OrderEvent[] = [];
  readonly fills: Fill[] = [];
  readonly halts: Halt[] = [];
  readonly guards: GuardView[] = [];
  readonly positions: PositionRecord[] = [];
  readonly findings: Finding[] = [];
  readonly studies = new Map<string, StudyRecord>();
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

  /** A limit order for 0.01 at 97000 that rests at the venue. */
  addRestingOrder(overrides: Partial<OrderView> = {}): OrderView {
    const orderId = 'a'.repeat(24);
    const leg = {
      clientOrderId: `keel${orderId}01`,
      legNumber: 1,
      accountId: ACCOUNT,
      exchange: 'binance',
      venueOrderId: '7',
      state: 'open',
      quantity: '0.01',
      price: '97000',
      filledQuantity: '0',
      filledQuote: '0',
      errorCode: null,
      errorMessage: null,
    } as const;
    return this.addOrder({ orderId, type: 'limit', price: '97000', legs: [leg], ...overrides });
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
}
