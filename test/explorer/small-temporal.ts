/**
 * A Temporal in small, for one workflow: an activity that is lost is run again somewhere else, one that fails
 * is run again later, and what a lost one does when it wakes up is nobody's result.
 */
import { KeelError } from '../../core/errors.ts';
import type { Process, Schedule } from './schedule.ts';

const HEARTBEAT_TIMEOUT_MS = 10_000;
const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;

/** Runs an attempt in a process of its own. */
export type Attempt<T> = (process: Process, attempt: number) => Promise<T>;

export class SmallTemporal {
  readonly schedule: Schedule;
  private readonly workflow: Process;
  private activities = 0;

  constructor(schedule: Schedule, runId: string) {
    this.schedule = schedule;
    this.workflow = schedule.process(runId);
  }

  sleep(ms: number): Promise<void> {
    return this.schedule.sleep(this.workflow, ms);
  }

  until(what: () => boolean, forMs?: number): Promise<void> {
    return this.schedule.until(this.workflow, what, forMs);
  }

  activity<T>(name: string, run: Attempt<T>): Promise<T>;
  activity<T>(name: string, run: Attempt<T>, enough: () => boolean): Promise<T | undefined>;
  /**
   * Runs until an attempt succeeds; undefined where it is `enough` after one that did not. Throws an error that
   * is not retryable.
   */
  async activity<T>(
    name: string,
    run: Attempt<T>,
    enough: () => boolean = () => false,
  ): Promise<T | undefined> {
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt += 1) {
      this.activities += 1;
      const process = this.schedule.process(
        `${this.workflow.name}/${name}#${String(this.activities)}`,
      );
      const lost = new Promise<'lost'>((resolve) => {
        process.onLost = () => {
          resolve('lost');
        };
      });
      const ended = run(process, attempt).then(
        (value) => ({ value }),
        (error: unknown) => ({ error }),
      );
      const first = await Promise.race([ended, lost]);
      if (first === 'lost') {
        await this.sleep(HEARTBEAT_TIMEOUT_MS);
      } else if ('value' in first) {
        return first.value;
      } else {
        const { error } = first;
        if (!(error instanceof KeelError) || !error.retryable) throw error;
        await this.sleep(error.retryAfterMs ?? pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
      if (enough()) return undefined;
    }
  }
}
