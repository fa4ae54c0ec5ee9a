/** Runs that people hold and let go on: what they ask, and the updates `pause` and `resume`. */
import type { UpdateDefinition } from '@temporalio/common';
import { setHandler } from '@temporalio/workflow';

export interface PauseRequest {
  /** User name of who asks, for the record. */
  readonly by: string;
  readonly reason?: string;
}

/** `stopped by ann: lunch` */
export function saidBy(what: string, { by, reason }: PauseRequest): string {
  return `${what} by ${by}${reason === undefined ? '' : `: ${reason}`}`;
}

export interface Pausable<S> {
  /** Refuses `wish` by a throw where the run is in another phase. */
  mustBe(phase: 'running' | 'paused', wish: string): void;
  /** Paused with the reason; null resumes. */
  setPaused(reason: string | null): Promise<S>;
}

type Pause<S> = UpdateDefinition<S, [PauseRequest]>;

export function handlePauses<S>(
  run: Pausable<S>,
  { pause, resume }: { readonly pause: Pause<S>; readonly resume: Pause<S> },
): void {
  setHandler(pause, (request) => run.setPaused(saidBy('paused', request)), {
    validator: (_request) => {
      run.mustBe('running', 'pause');
    },
  });
  setHandler(resume, (_request) => run.setPaused(null), {
    validator: (_request) => {
      run.mustBe('paused', 'resume');
    },
  });
}
