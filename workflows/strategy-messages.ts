/** What a strategy's workflow is started with, asked and told, and what it answers. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { FailurePolicy } from '../core/failure-policy.ts';
import type { PauseRequest } from './pausing.ts';

export interface StrategyInput {
  readonly strategyId: string;
  /** New each time a person starts the instance. */
  readonly runId: string;
  /** How long a worker may be silent before the instance moves to another. Default 10 s. */
  readonly heartbeatTimeoutMs?: number;
  /** What becomes of it when its own code fails. Absent in runs from before there was a choice: they only end. */
  readonly failurePolicy?: FailurePolicy;
  /** Set by continue-as-new alone. */
  readonly carried?: Carried;
}

/** What one execution hands to the next. */
export interface Carried {
  /** Why it is paused; null while it is not. */
  readonly paused: string | null;
  readonly restarts: number;
  /** The run's end has begun. */
  readonly ending: Ending | null;
}

export interface Ending {
  readonly phase: 'stopped' | 'failed';
  readonly reason: string;
  readonly flatten: boolean;
  readonly by: string;
}

export interface StopRequest extends PauseRequest {
  /** Its positions are closed before the run ends. */
  readonly flatten?: boolean;
}

export type StrategyPhase = 'starting' | 'running' | 'paused' | 'stopping' | 'stopped' | 'failed';

export interface StrategyState {
  readonly strategyId: string;
  readonly runId: string;
  readonly phase: StrategyPhase;
  /** Why it is paused, stopped or failed; null while it runs. */
  readonly reason: string | null;
  /** So often its code failed and it went on. */
  readonly restarts: number;
  /** While it stops: orders and positions it still waits for. */
  readonly remaining: string;
}

export interface StrategyResult {
  readonly phase: 'stopped' | 'failed';
  readonly reason: string;
}

export const stopSignal = defineSignal<[StopRequest]>('stop');
export const stateQuery = defineQuery<StrategyState>('state');
/** Opens nothing more, still closes. Refused unless it runs. */
export const pauseUpdate = defineUpdate<StrategyState, [PauseRequest]>('pause');
/** Refused unless it is paused. */
export const resumeUpdate = defineUpdate<StrategyState, [PauseRequest]>('resume');
