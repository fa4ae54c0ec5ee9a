/** A person closes a position: a signal with that person as its source, whose target is flat. */
import { randomUUID } from 'node:crypto';
import { ensureSignalTopics, publishSignal } from '../../activities/publish-signals.ts';
import type { EventBus } from '../../adapters/event-bus.ts';
import type { Repositories } from '../../adapters/repositories.ts';
import { closeSignal, closeSignalId } from '../../core/close-signal.ts';
import { KeelError } from '../../core/errors.ts';
import type { CloseBody } from '../schemas.ts';
import { isKnownOrder } from './known-order.ts';

export interface CloseServiceDeps {
  readonly repositories: Pick<Repositories, 'strategies' | 'portfolio' | 'orders' | 'audit'>;
  readonly bus: EventBus;
  /** Its page in the Temporal web UI. */
  workflowLink(workflowId: string): string;
  marketTime(accountId: string): Promise<number>;
  /** Newest known price, null where none is known yet. */
  price(exchange: string, symbol: string): Promise<string | null>;
}

export interface CloseAnswer {
  readonly signalId: string;
  readonly requestId: string;
  readonly workflowUrl: string;
}

export interface CloseService {
  /**
   * Repeating a request with its `requestId` gives the same signal, hence the same order. Throws NOT_FOUND
   * for an unknown strategy, CONFLICT where it holds nothing, UNAVAILABLE where no price is known.
   */
  close(body: CloseBody, by: string): Promise<CloseAnswer>;
}

export function createCloseService(deps: CloseServiceDeps): CloseService {
  const { strategies, portfolio, orders, audit } = deps.repositories;

  async function assertHolds(strategyId: string, symbol: string): Promise<void> {
    const held = await portfolio.positions(strategyId);
    if (held.some((part) => part.symbol === symbol && /[1-9]/.test(part.quantity))) return;
    throw new KeelError('CONFLICT', `${strategyId} holds no ${symbol}: there is nothing to close`);
  }

  return {
    async close({ strategyId, symbol, requestId = randomUUID() }, by) {
      const strategy = await strategies.get(strategyId);
      const request = { strategy, symbol, runId: `person:${requestId}`, attempt: 1 };
      const id = closeSignalId(request);
      const answer = { signalId: id, requestId, workflowUrl: deps.workflowLink(id) };
      if (await isKnownOrder(orders, id)) return answer;
      await assertHolds(strategyId, symbol);

      const price = await deps.price(strategy.exchange, symbol);
      if (price === null) {
        throw new KeelError(
          'UNAVAILABLE',
          `no price of ${symbol} on ${strategy.exchange} is known yet; try again`,
        );
      }
      const signal = closeSignal({
        ...request,
        source: { kind: 'person', name: by },
        eventTime: await deps.marketTime(strategy.accountId),
        price,
        tag: 'closed-by-person',
      });
      await audit.write({
        actor: by,
        action: 'position.close',
        target: strategyId,
        detail: { symbol, signalId: id },
      });
      await ensureSignalTopics(deps.bus, strategy.type);
      await publishSignal(deps.bus, signal);
      return answer;
    },
  };
}
