/** The signal that closes a strategy's position at the market: of a person, a flatten, or a guard. */
import { type Signal, signalId, type SignalSource } from './signal.ts';
import { intervalMs } from './time.ts';

export interface CloseRequest {
  readonly strategy: {
    readonly id: string;
    readonly type: string;
    readonly accountId: string;
    readonly exchange: string;
  };
  readonly symbol: string;
  readonly source: SignalSource;
  /** Names the request; the same one asked again is the same signal. */
  readonly runId: string;
  /** Counts the attempts of the request, from 1. */
  readonly attempt: number;
  /** Market time, ms. */
  readonly eventTime: number;
  /** Newest known price, in quote. */
  readonly price: string;
  readonly tag: string;
}

/** Not of the moment of asking: a repeated request must not become a second order. */
export function closeSignalId(
  request: Pick<CloseRequest, 'runId' | 'symbol' | 'attempt'> & {
    readonly strategy: { readonly id: string };
  },
): string {
  const { runId, strategy, symbol, attempt } = request;
  return signalId({ runId: `${runId}:${strategy.id}`, symbol, eventTime: 0, sequence: attempt });
}

export function closeSignal(request: CloseRequest): Signal {
  const { strategy, symbol, source, runId, attempt, eventTime, price, tag } = request;
  return {
    id: closeSignalId(request),
    strategyId: strategy.id,
    strategyType: strategy.type,
    runId,
    source,
    accountId: strategy.accountId,
    exchange: strategy.exchange,
    symbol,
    sequence: attempt,
    eventTime,
    validUntil: eventTime + intervalMs('1m'),
    wanted: { kind: 'target', quantity: '0' },
    type: 'market',
    referencePrice: price,
    tag,
  };
}
