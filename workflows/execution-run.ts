/**
 * An order of several legs. Its strategy (core/execution) says which legs are due; each runs in a child
 * workflow, `<order id>:leg-<n>`. Timers are durable: after an outage the strategy is asked anew, with the
 * time as it is then.
 *
 * A child is left alone when this workflow closes, so all legs are ended here first: told to stop, waited for,
 * and where a child is gone (terminated by a person) its leg is cancelled and verified from here. With a leg
 * open the workflow never continues as new.
 */
import { TypedSearchAttributes, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  condition,
  log,
  ParentClosePolicy,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { FinalState } from '../activities/order-activities.ts';
import { executionStrategy } from '../core/execution/route.ts';
import type { ExecutionStrategy, LegPlan } from '../core/execution/strategy.ts';
import type { Signal } from '../core/signal.ts';
import { endAll, workOrder, type ExecutionPorts } from './execution-loop.ts';
import {
  factOf,
  finalStateOfAll,
  newLeg,
  type ExecutionLeg,
  type ExecutionState,
} from './execution-state.ts';
import { LegRun, type LegHost, type LegSpec } from './leg-run.ts';
import { legSteps } from './leg-steps.ts';
import type { legWorkflow } from './leg-workflow.ts';
import { cancelSignal, type LegChange } from './order-messages.ts';
import {
  KEEL_EXCHANGE,
  KEEL_ORDER_STATUS,
  KEEL_SIDE,
  KEEL_STRATEGY,
  KEEL_SYMBOL,
  legWorkflowId,
} from './order-names.ts';
import { cancelReason, type CancelRequest } from './order-outcome.ts';
import type { OrderProgress } from './order-progress.ts';
import { router, type Books } from './order-steps.ts';

/** Of the timer that a person sees while nothing is due. */
const NEXT_STEP = "the plan's next step is due";

export interface ExecutionHost {
  readonly signal: Signal;
  readonly known: OrderProgress;
  readonly books: Books;
  /** Called while no leg lives: a good moment to continue as new. */
  breathe(): Promise<void>;
}

export class ExecutionRun {
  private readonly host: ExecutionHost;
  private readonly children = new Map<number, ChildWorkflowHandle<typeof legWorkflow>>();
  private readonly stops = new Map<number, CancelRequest>();
  /** Counts up with everything that is learnt of a leg. */
  private changes = 0;
  private untold = false;
  private defect: Error | undefined;

  constructor(host: ExecutionHost) {
    this.host = host;
  }

  private get legs(): readonly ExecutionLeg[] {
    return this.host.known.current.execution?.legs ?? [];
  }

  private get cancel(): CancelRequest | null {
    return this.host.known.current.cancel;
  }

  /** Works the order until no leg lives and none is due. Returns how it ends. */
  async toEnd(): Promise<FinalState> {
    if (this.cancel !== null && this.legs.length === 0) {
      return { state: 'done', reason: cancelReason(this.cancel) };
    }
    const end = await workOrder(await this.strategy(), this.ports());
    return end.kind === 'cancelled'
      ? { state: 'done', reason: cancelReason(end.request) }
      : finalStateOfAll(this.legs, end.reason);
  }

  /** News from a child. */
  learn({ leg, legNumber }: LegChange): void {
    const known = this.legs.find((one) => one.legNumber === legNumber);
    if (known !== undefined && !known.finished) this.update(legNumber, { view: leg });
  }

  /** Ends every leg that may live, and waits until each is finished and booked. */
  endAll(request: CancelRequest): Promise<void> {
    return endAll(this.ports(), request);
  }

  private ports(): ExecutionPorts {
    const { known, signal } = this.host;
    return {
      now: () => Date.now(),
      legs: () => this.legs.map(factOf),
      changes: () => this.changes,
      cancelRequest: () => this.cancel,
      // For the times in which no leg rests; a resting leg is timed out in market time.
      deadline: () =>
        signal.timeoutMs === undefined ? null : known.current.startedAt + signal.timeoutMs,
      timedOut: () => {
        this.timedOut();
      },
      breathe: () => this.host.breathe(),
      tell: async () => {
        if (this.untold) await this.tell();
      },
      reprice: async ({ accountId }) => {
        const { price } = await router.repriceLeg({ orderId: signal.id, accountId });
        return price;
      },
      send: (plan, price) => {
        this.send(plan, price);
      },
      stop: (legNumber, request) => {
        this.stop(legNumber, request);
      },
      until: async (what, at) => {
        const due = (): boolean => this.defect !== undefined || what();
        if (at === null) await condition(due);
        else await condition(due, Math.max(at - Date.now(), 1), { summary: NEXT_STEP });
        if (this.defect !== undefined) throw this.defect;
      },
    };
  }

  private async strategy(): Promise<ExecutionStrategy> {
    const { known, signal } = this.host;
    if (known.current.execution === null) {
      const { route, terms } = await router.routeOrder({ orderId: signal.id });
      known.learnExecution({ route, terms, startedAt: Date.now(), schedule: [], legs: [] });
    }
    const { route, startedAt, terms } = this.execution;
    const strategy = executionStrategy(signal.execution, terms, route, startedAt);
    known.learnExecution({ ...this.execution, schedule: strategy.schedule });
    return strategy;
  }

  private timedOut(): void {
    const { known, signal } = this.host;
    const reason = `not filled within ${String(signal.timeoutMs)} ms`;
    known.requestCancel({ by: 'timeout', reason });
  }

  private async tell(): Promise<void> {
    const { books, known, signal } = this.host;
    this.untold = false;
    const version = known.nextVersion();
    known.learn({ order: await books.publishOrder({ orderId: signal.id, version }) });
  }

  private send(plan: LegPlan, price?: string): void {
    const leg = newLeg(plan, this.legs.length + 1, price);
    this.keep([...this.legs, leg]);
    this.work(leg).catch((error: unknown) => {
      this.defect = error instanceof Error ? error : new Error(String(error));
      this.changes += 1;
    });
  }

  /** Runs the leg in its child to the end; where there is no child, in here. */
  private async work(leg: ExecutionLeg): Promise<void> {
    const { legNumber } = leg;
    try {
      const child = await this.startLeg(leg);
      this.children.set(legNumber, child);
      this.passOnStop(legNumber);
      const result = await child.result();
      if (result.timedOut) this.timedOut();
      this.update(legNumber, { view: result.leg, finished: true });
    } catch (error) {
      this.children.delete(legNumber);
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        // A run of this order that was reset started it. Two that follow a leg do no harm: all steps are by its row.
        log.info('the leg has a workflow already; following it from here too', { legNumber });
      } else {
        log.warn('the leg has no workflow any more', { legNumber, reason: String(error) });
        this.stop(legNumber, { by: 'keel', reason: 'the workflow of the leg is gone' });
      }
      await this.followHere(leg);
    }
  }

  /** Without a child: to the end, cancelled and verified once a stop was asked for. */
  private async followHere({ legNumber }: ExecutionLeg): Promise<void> {
    const { known } = this.host;
    const leg = this.leg(legNumber);
    const host: LegHost = {
      known: () => ({ leg: this.leg(legNumber).view, finished: this.leg(legNumber).finished }),
      learn: (news) => {
        this.update(legNumber, {
          ...(news.leg === undefined ? {} : { view: news.leg }),
          ...(news.finished === undefined ? {} : { finished: news.finished }),
        });
      },
      stopRequest: () => this.stops.get(legNumber) ?? null,
      timedOut: () => {
        this.timedOut();
        this.stop(legNumber, { by: 'timeout', reason: 'the order was not filled in time' });
      },
      nextVersion: () => known.nextVersion(),
      tell: () => this.tell(),
      breathe: () => Promise.resolve(),
    };
    await new LegRun(this.specOf(leg), host, legSteps).follow();
  }

  /** The first one counts. */
  private stop(legNumber: number, request: CancelRequest): void {
    if (this.stops.has(legNumber)) return;
    this.stops.set(legNumber, request);
    this.passOnStop(legNumber);
  }

  private passOnStop(legNumber: number): void {
    const request = this.stops.get(legNumber);
    const child = this.children.get(legNumber);
    if (request === undefined || child === undefined) return;
    child.signal(cancelSignal, request).catch((error: unknown) => {
      // It has ended: its result, or the lack of one, says how to go on.
      log.info('the leg did not take the stop', { legNumber, reason: String(error) });
    });
  }

  private leg(legNumber: number): ExecutionLeg {
    const leg = this.legs.find((one) => one.legNumber === legNumber);
    if (leg === undefined) throw new Error(`the order has no leg ${String(legNumber)}`);
    return leg;
  }

  private update(legNumber: number, news: Partial<Pick<ExecutionLeg, 'view' | 'finished'>>): void {
    this.keep(this.legs.map((leg) => (leg.legNumber === legNumber ? { ...leg, ...news } : leg)));
    this.untold = true;
  }

  private keep(legs: readonly ExecutionLeg[]): void {
    this.changes += 1;
    this.host.known.learnExecution({ ...this.execution, legs });
  }

  private specOf(leg: ExecutionLeg): LegSpec {
    const { known, signal } = this.host;
    const { side, type } = this.execution.terms;
    const { accountId, exchange, legNumber, quantity } = leg;
    const base = known.legSpec();
    const price = leg.price ?? base.leg.price;
    const at = price === null ? '' : ` at ${price}`;
    return {
      ...base,
      leg: { ...base.leg, legNumber, quantity, price, accountId, exchange },
      accountId,
      summary: `${side} ${type} ${quantity} ${signal.symbol}${at} on ${accountId}`,
    };
  }

  private get execution(): ExecutionState {
    const { execution } = this.host.known.current;
    if (execution === null) throw new Error('the order has no route');
    return execution;
  }

  private startLeg(leg: ExecutionLeg): Promise<ChildWorkflowHandle<typeof legWorkflow>> {
    const { signal } = this.host;
    const spec = this.specOf(leg);
    return startChild<typeof legWorkflow>('legWorkflow', {
      workflowId: legWorkflowId(signal.id, leg.legNumber),
      taskQueue: workflowInfo().taskQueue,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      args: [{ spec, note: leg.note }],
      staticSummary: `${spec.summary} · ${leg.note}`,
      typedSearchAttributes: new TypedSearchAttributes([
        { key: KEEL_STRATEGY, value: signal.strategyId },
        { key: KEEL_SYMBOL, value: signal.symbol },
        { key: KEEL_EXCHANGE, value: leg.exchange },
        { key: KEEL_SIDE, value: this.execution.terms.side },
        { key: KEEL_ORDER_STATUS, value: 'submitting' },
      ]),
    });
  }
}
