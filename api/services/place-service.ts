/** A person places an order: a signal with that person as its source, in the name of a strategy. */
import { randomUUID } from 'node:crypto';
import { ensureSignalTopics, publishSignal } from '../../activities/publish-signals.ts';
import { growth } from '../../core/contract.ts';
import { KeelError } from '../../core/errors.ts';
import { checkPlan } from '../../core/execution/check.ts';
import { accountsOf, sendsForMs } from '../../core/execution/plan.ts';
import { checkFilters, exitInstrument } from '../../core/filters.ts';
import type { Instrument } from '../../core/instrument.ts';
import { Decimal, toDecimalString } from '../../core/money.ts';
import { orderTypeOf, signalId, type Signal } from '../../core/signal.ts';
import { intervalMs } from '../../core/time.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import type { StrategyRecord } from '../../adapters/strategy-repository.ts';
import { type NewOrderAnswer, type NewOrderBody } from '../new-order-schema.ts';
import type { CloseServiceDeps } from './close-service.ts';
import { isKnownOrder } from './known-order.ts';

export interface PlaceServiceDeps extends Omit<CloseServiceDeps, 'repositories'> {
  readonly repositories: CloseServiceDeps['repositories'] & Pick<Repositories, 'accounts'>;
  /** Throws VENUE_INVALID_SYMBOL for what the account does not trade. */
  instrument(accountId: string, symbol: string): Promise<Instrument>;
}

export interface PlaceService {
  /**
   * Repeating a request with its `requestId` gives the same order. What can be told beforehand is thrown:
   * NOT_FOUND for an unknown strategy, CONFLICT where an entry's strategy does not run, INVALID_INPUT for
   * unknown accounts, the filter's code where quantity, price or plan do not fit, UNAVAILABLE where no price is
   * known. Funds, limits and halts are judged when the order is admitted.
   */
  place(body: NewOrderBody, by: string): Promise<NewOrderAnswer>;
}

export function createPlaceService(deps: PlaceServiceDeps): PlaceService {
  const { accounts, strategies, portfolio, orders, audit } = deps.repositories;

  /** Signed, on all accounts together. */
  async function held(strategyId: string, symbol: string): Promise<string> {
    const parts = await portfolio.positions(strategyId);
    const ours = parts.filter((part) => part.symbol === symbol);
    return toDecimalString(ours.reduce((sum, { quantity }) => sum.plus(quantity), new Decimal(0)));
  }

  async function checkAccounts({ execution }: NewOrderBody): Promise<void> {
    const named = accountsOf(execution);
    if (named.length === 0) return;
    const known = (await accounts.list()).map(({ id }) => id);
    const unknown = named.filter((id) => !known.includes(id));
    if (unknown.length === 0) return;
    throw new KeelError(
      'INVALID_INPUT',
      `the plan names unknown accounts: ${unknown.join(', ')}; known: ${known.join(', ')}`,
    );
  }

  /** Throws what admission would deny it for by its terms alone. */
  async function checkTerms(
    body: NewOrderBody,
    strategy: StrategyRecord,
    referencePrice: string,
  ): Promise<void> {
    const { side, quantity, symbol, execution } = body;
    const instrument = await deps.instrument(strategy.accountId, symbol);
    const position = await held(strategy.id, symbol);
    const closes = growth(position, side, quantity) === '0';
    const exits = closes || (instrument.contract === undefined && side === 'sell');
    if (!exits && strategy.status !== 'running') {
      throw new KeelError(
        'CONFLICT',
        `${strategy.id} is ${strategy.status}: start it, or place only what closes its position`,
      );
    }
    const price = body.limitPrice ?? null;
    const terms = { side, type: orderTypeOf(body), price, quantity };
    const bound = exits ? exitInstrument(instrument) : instrument;
    const verdicts = [
      checkFilters(bound, { ...terms, stopPrice: body.stopPrice ?? null }, referencePrice),
      ...(execution === undefined || exits
        ? []
        : [checkPlan(execution, { ...terms, referencePrice }, instrument)]),
    ];
    for (const verdict of verdicts) {
      if (!verdict.ok) throw new KeelError(verdict.code, `${verdict.reason}; nothing was placed`);
    }
  }

  return {
    async place(body, by) {
      const { strategyId, symbol, side, quantity, requestId = randomUUID() } = body;
      const strategy = await strategies.get(strategyId);
      const runId = `person:${requestId}`;
      // Not of the moment of asking: a repeated request must not become a second order.
      const key = { runId: `${runId}:${strategyId}:order`, symbol, eventTime: 0, sequence: 1 };
      const id = signalId(key);
      const answer = { orderId: id, requestId, workflowUrl: deps.workflowLink(id) };
      if (await isKnownOrder(orders, id)) return answer;

      await checkAccounts(body);
      const price = await deps.price(strategy.exchange, symbol);
      if (price === null) {
        throw new KeelError(
          'UNAVAILABLE',
          `no price of ${symbol} on ${strategy.exchange} is known yet; try again`,
        );
      }
      await checkTerms(body, strategy, price);
      const eventTime = await deps.marketTime(strategy.accountId);
      const { limitPrice, stopPrice, timeInForce, execution, stops, timeoutMs } = body;
      const validForMs = body.validForMs ?? intervalMs('1m') + sendsForMs(execution);
      const signal: Signal = {
        id,
        strategyId,
        strategyType: strategy.type,
        runId,
        source: { kind: 'person', name: by },
        accountId: strategy.accountId,
        exchange: strategy.exchange,
        symbol,
        sequence: 1,
        eventTime,
        validUntil: eventTime + validForMs,
        wanted: { kind: 'order', side, quantity },
        type: orderTypeOf(body),
        ...(limitPrice === undefined ? {} : { limitPrice }),
        ...(stopPrice === undefined ? {} : { stopPrice }),
        ...(timeInForce === undefined ? {} : { timeInForce }),
        ...(execution === undefined ? {} : { execution }),
        ...(stops === undefined ? {} : { stops }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        referencePrice: price,
        tag: 'placed-by-person',
      };
      await audit.write({
        actor: by,
        action: 'order.place',
        target: strategyId,
        detail: {
          ...{ orderId: id, symbol, side, quantity },
          ...{ limitPrice: limitPrice ?? null, stopPrice: stopPrice ?? null },
          ...{ timeInForce: timeInForce ?? null, execution: execution?.kind ?? null },
        },
      });
      await ensureSignalTopics(deps.bus, strategy.type);
      await publishSignal(deps.bus, signal);
      return answer;
    },
  };
}
