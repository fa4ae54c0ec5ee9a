/** Orders of several legs over the stage, one path each, by the name of its recorded history. */
import type { ExecutionPlan } from '../../core/execution/plan.ts';
import type { StrategyQuota } from '../../adapters/strategy-repository.ts';
import { nextSignal, OTHER_ACCOUNT, type OrderStage, type Played } from './order-stage.ts';
import { ACCOUNT, SYMBOL } from './stored-world.ts';

const RICH: Partial<StrategyQuota> = { allocation: '1000000' };
const TWAP: ExecutionPlan = {
  kind: 'twap',
  durationMs: 4_000,
  slices: 4,
  jitter: 0.5,
  catchUp: 'burst',
};
export const SPLIT: ExecutionPlan = { kind: 'split', accounts: [ACCOUNT, OTHER_ACCOUNT] };

async function finish(
  stage: OrderStage,
  signal: Parameters<OrderStage['send']>[0],
): Promise<Played> {
  const handle = await stage.send(signal);
  return { handle, result: await handle.result() };
}

/** Marketable, so that every tip fills at once. */
function nearLimit(stage: OrderStage): { type: 'limit'; limitPrice: string } {
  const price = Math.ceil(Number(stage.simulator.state().prices[SYMBOL]) * 1.01);
  return { type: 'limit', limitPrice: String(price) };
}

/** Needs a stage with a second venue. The order for the whole needs more than one account can pay. */
export const EXECUTIONS: Readonly<Record<string, (stage: OrderStage) => Promise<Played>>> = {
  twap: async (stage) => finish(stage, await stage.signal({ execution: TWAP })),

  iceberg: async (stage) =>
    finish(
      stage,
      await stage.signal({
        ...nearLimit(stage),
        wanted: { kind: 'target', quantity: '0.0101' },
        execution: { kind: 'iceberg', displayQuantity: '0.003' },
      }),
    ),

  /** Rests far from the market, is placed anew at the best bid, and filled there as the market comes down. */
  chase: async (stage) => {
    const { prices, marketTime } = stage.simulator.state();
    const price = Math.floor(Number(prices[SYMBOL]) * 0.9);
    const handle = await stage.send(
      await stage.signal({
        type: 'limit',
        limitPrice: String(price),
        // The market goes by a minute at each step.
        validUntil: marketTime + 3_600_000,
        execution: {
          kind: 'chase',
          maxAttempts: 3,
          repriceAfterMs: 1_500,
          priceLimit: String(Math.ceil(price * 1.2)),
        },
      }),
    );
    const result = handle.result();
    const market = setInterval(() => stage.simulator.advance(1), 500);
    try {
      return { handle, result: await result };
    } finally {
      clearInterval(market);
    }
  },

  split: async (stage) =>
    finish(
      stage,
      await stage.signal(
        { wanted: { kind: 'target', quantity: '1.23457' }, execution: SPLIT },
        RICH,
      ),
    ),

  /** What a split bought is closed where it is held, by an order without a plan. */
  'where-held': async (stage) => {
    const entry = await stage.signal(
      { wanted: { kind: 'target', quantity: '0.2' }, execution: SPLIT },
      RICH,
    );
    await finish(stage, entry);
    const { execution, ...plain } = entry;
    if (execution === undefined) throw new Error('the entry was to be split');
    return finish(stage, nextSignal(plain, { wanted: { kind: 'target', quantity: '0' } }));
  },
};
