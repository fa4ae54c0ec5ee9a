/**
 * Backtests on all cores. The bars are in memory that the threads share; an outcome does not depend on how many
 * threads there are. A strategy that throws, or takes its thread down, is that run's failure and nobody else's.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { KeelError } from '../../core/errors.ts';
import { shared, type RunAnswer, type RunRequest, type Study } from './study.ts';

export type RunOutcome =
  | { readonly ok: true; readonly answer: RunAnswer }
  | { readonly ok: false; readonly message: string };

interface Job {
  readonly request: RunRequest;
  readonly settle: (outcome: RunOutcome) => void;
  readonly reject: (reason: unknown) => void;
}

interface Slot {
  worker: Worker | null;
  job: Job | null;
}

export interface PoolOptions {
  /** Threads; one a core where not given. */
  readonly workers?: number | undefined;
  /** Ends all threads; what is still to run is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

export class RunPool {
  readonly #study: Study;
  readonly #slots: readonly Slot[];
  readonly #waiting: Job[] = [];
  #ended: { readonly reason: unknown } | null = null;

  /** Throws INVALID_INPUT for a number of workers that is none. Threads start with the first runs. */
  constructor(study: Study, { workers = availableParallelism(), signal }: PoolOptions = {}) {
    if (!Number.isInteger(workers) || workers < 1) {
      throw new KeelError(
        'INVALID_INPUT',
        `${String(workers)} workers: give a whole number from 1`,
      );
    }
    this.#study = shared(study);
    this.#slots = Array.from({ length: workers }, () => ({ worker: null, job: null }));
    if (signal?.aborted === true) this.#end(signal.reason);
    signal?.addEventListener('abort', () => {
      this.#end(signal.reason);
    });
  }

  /** The outcomes in the order of the requests. @param onDone called after each */
  async run(requests: readonly RunRequest[], onDone?: () => void): Promise<RunOutcome[]> {
    return Promise.all(
      requests.map(async (request) => {
        const outcome = await this.#submit(request);
        onDone?.();
        return outcome;
      }),
    );
  }

  async close(): Promise<void> {
    const workers = this.#slots.flatMap(({ worker }) => worker ?? []);
    this.#end(new Error('the pool is closed'));
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #submit(request: RunRequest): Promise<RunOutcome> {
    return new Promise((settle, reject) => {
      this.#waiting.push({ request, settle, reject });
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#ended !== null) {
      for (const { reject } of this.#waiting.splice(0)) reject(this.#ended.reason);
      return;
    }
    for (const slot of this.#slots) {
      if (slot.job !== null) continue;
      const job = this.#waiting.shift();
      if (job === undefined) return;
      slot.job = job;
      slot.worker ??= this.#start(slot);
      slot.worker.postMessage(job.request);
    }
  }

  #start(slot: Slot): Worker {
    const worker = new Worker(new URL('./run-thread.ts', import.meta.url), {
      workerData: this.#study,
    });
    worker.on('message', (outcome: RunOutcome) => {
      this.#settle(slot, outcome);
    });
    let why = 'its thread ended';
    worker.on('error', (error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    worker.on('exit', () => {
      slot.worker = null;
      this.#settle(slot, { ok: false, message: why });
    });
    return worker;
  }

  #settle(slot: Slot, outcome: RunOutcome): void {
    const { job } = slot;
    slot.job = null;
    if (job !== null && this.#ended === null) job.settle(outcome);
    else job?.reject(this.#ended?.reason);
    this.#pump();
  }

  #end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const slot of this.#slots) {
      void slot.worker?.terminate();
      slot.job?.reject(this.#ended.reason);
      slot.job = null;
    }
    this.#pump();
  }
}
