/** Whether the whole pipeline is done with the bars so far: the moment a replay may go on to its next bar. */
import { sql, type RawBuilder } from 'kysely';
import { interval, intervalMs } from '../../core/time.ts';
import type { Queryable } from './database.ts';

/**
 * True when, in one snapshot,
 * - every running strategy has handled each of its feeds (`binance:BTC/USDT:1m`) up to the newest bar that had closed by `marketTime` (ms);
 * - no signal of a run that is on waits to be published, or for its order row;
 * - every unfinished order, a person's too, rests at the venue: a leg is open or partially filled, and none is
 *   in a state from which news is due.
 *
 * A running strategy that has not fixed its anchor, or not handled a bar, is not done. Finished orders are
 * not looked at: cost follows the signals of the current runs and the open orders.
 */
export function quietStatement(marketTime: number): RawBuilder<{ quiet: boolean }> {
  const lengths = sql.join(
    interval.options.map((name) => sql`(${name}::text, ${intervalMs(name)}::bigint)`),
  );
  return sql<{ quiet: boolean }>`
    with live as (
      select id, run_id, status from strategies where status in ('running', 'paused', 'stopping')
    ), lengths (interval, ms) as (values ${lengths})
    select not exists (
      select from live left join strategy_checkpoints c on c.strategy_id = live.id and c.run_id = live.run_id
      where live.status <> 'stopping' and (
        c.anchor_at is null or c.offsets = '{}'::jsonb
        or exists (
          select from jsonb_each_text(c.offsets) feed
          left join lengths on lengths.interval = substring(feed.key from '[^:]+$')
          where lengths.ms is null
            or feed.value::bigint < (${marketTime}::bigint / lengths.ms) * lengths.ms))
    ) and not exists (
      select from live join outbox on outbox.strategy_id = live.id and outbox.run_id = live.run_id
      where outbox.published_at is null
    ) and not exists (
      select from live cross join lateral (
        select from outbox
        where outbox.strategy_id = live.id and outbox.run_id = live.run_id
          and not exists (select from orders where orders.order_id = outbox.signal_id)
        -- Keeps the planner to one index range a live run, whatever it guesses of the whole table.
        limit 1) unanswered
    ) and not exists (
      select from orders where finished_at is null and (
        not exists (
          select from legs where legs.order_id = orders.order_id
            and legs.state in ('open', 'partially_filled'))
        or exists (
          select from legs where legs.order_id = orders.order_id
            and legs.state in ('submitting', 'unknown', 'cancel_pending', 'amend_pending', 'triggered')))
    ) as quiet`;
}

/** See `quietStatement`. */
export async function isQuiet(db: Queryable, marketTime: number): Promise<boolean> {
  const { rows } = await quietStatement(marketTime).execute(db);
  return rows[0]?.quiet ?? false;
}
