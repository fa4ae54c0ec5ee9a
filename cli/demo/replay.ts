/**
 * Drives a stepped simulator: one bar, then wait until the pipeline is quiet for it (every strategy has
 * handled the bar and each of its signals rests at the venue or is final), then the next. The result is the
 * same on every run, however fast the machine is.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { StrategyRepository } from '../../adapters/strategy-repository.ts';
import { KeelError } from '../../core/errors.ts';

const stateSchema = z.object({ marketTime: z.number(), done: z.boolean() });
export type ReplayState = z.infer<typeof stateSchema>;

export interface ReplayOptions {
  /** The simulator's HTTP address. */
  readonly simulatorUrl: string;
  readonly strategies: Pick<StrategyRepository, 'isQuiet'>;
  /** Bars to play; fewer when the recording ends. */
  readonly bars: number;
  /** Longest the pipeline may need for one bar before the replay gives up (ms, wall clock). */
  readonly quietTimeoutMs: number;
  /** Pause after each bar (ms, wall clock); 0 plays as fast as the pipeline allows. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  /** Awaited before the next bar. */
  onBar(played: number, state: ReplayState): Promise<void> | void;
}

/** Returns the bars played. Throws UNAVAILABLE when a bar is not quiet in time. */
export async function replay(options: ReplayOptions): Promise<number> {
  // A strategy that fixes its anchor only after the first bar would take that bar for history.
  await untilQuiet(options, (await stateOf(options.simulatorUrl)).marketTime);
  for (let played = 0; played < options.bars; played += 1) {
    if (options.signal.aborted) return played;
    const state = await advance(options.simulatorUrl);
    await untilQuiet(options, state.marketTime);
    await options.onBar(played + 1, state);
    if (state.done) return played + 1;
    if (options.pauseMs > 0) await sleep(options.pauseMs);
  }
  return options.bars;
}

async function advance(simulatorUrl: string): Promise<ReplayState> {
  const response = await fetch(`${simulatorUrl}/sim/advance`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ bars: 1 }),
  });
  if (!response.ok) {
    throw new KeelError(
      'UNAVAILABLE',
      `the simulator did not advance: HTTP ${String(response.status)} ${await response.text()}`,
    );
  }
  return stateSchema.parse(await response.json());
}

async function stateOf(simulatorUrl: string): Promise<ReplayState> {
  const response = await fetch(`${simulatorUrl}/sim/state`);
  return stateSchema.parse(await response.json());
}

async function untilQuiet(options: ReplayOptions, marketTime: number): Promise<void> {
  const deadline = Date.now() + options.quietTimeoutMs;
  for (let polls = 0; !(await options.strategies.isQuiet(marketTime)); polls += 1) {
    if (Date.now() > deadline) {
      throw new KeelError(
        'UNAVAILABLE',
        `the pipeline was not quiet ${String(options.quietTimeoutMs)} ms after the bar that closed at ` +
          `${new Date(marketTime).toISOString()}: see \`keel orders --open\` and the log`,
      );
    }
    // Most bars bring no signal and are quiet within milliseconds; orders take longer.
    await sleep(polls < 10 ? 3 : 20);
  }
}
