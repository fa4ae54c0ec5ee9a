/**
 * The frame of every worker process: read the configuration, build the house, start the duty, serve
 * `/metrics`, and on SIGTERM or SIGINT stop in the reverse order. A start that fails says why in one line
 * and exits with 1; so does a duty that ends by itself. Whoever launched the process starts it again.
 */
import { loadConfig } from '../config/load.ts';
import { KeelError } from '../core/errors.ts';
import { serveMetrics } from '../observability/metrics.ts';
import { buildHouse, type House } from './house.ts';

export interface Running {
  stop(): Promise<void>;
  /** Resolves when the duty has ended though nobody stopped it: the process ends then, to be started anew. */
  readonly failed?: Promise<unknown>;
  /** What a launcher should know besides the metrics address, such as the API's URL. */
  readonly ready?: Readonly<Record<string, unknown>>;
}

/** Resolves with what made `duty` fail; never otherwise. */
export function failureOf(duty: Promise<unknown>): Promise<unknown> {
  return new Promise((resolve) => {
    duty.catch(resolve);
  });
}

/** Longest a worker may take to finish what it holds. */
const STOP_TIMEOUT_MS = 20_000;

export async function runProcess(
  service: string,
  start: (house: House) => Promise<Running>,
): Promise<void> {
  try {
    const config = loadConfig();
    const house = await buildHouse(service, config);
    const metrics = await serveMetrics(config.metrics.port, config.metrics.host);
    const running = await start(house);
    house.logger.info({ metrics: metrics.url }, 'process_started');
    process.send?.({ ready: true, metrics: metrics.url, ...running.ready });

    void running.failed?.then((error) => {
      house.logger.fatal({ err: error }, 'process_failed');
      process.exit(1);
    });
    let stopping = false;
    const stop = (signal: string): void => {
      if (stopping) return;
      stopping = true;
      house.logger.info({ signal }, 'process_stopping');
      setTimeout(() => {
        house.logger.error({ afterMs: STOP_TIMEOUT_MS }, 'process_stop_timed_out');
        process.exit(1);
      }, STOP_TIMEOUT_MS).unref();
      void running
        .stop()
        .then(() => metrics.close())
        .then(() => house.close())
        .then(
          () => process.exit(0),
          (error: unknown) => {
            house.logger.error({ err: error }, 'process_stop_failed');
            process.exit(1);
          },
        );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
    // A launcher that dies takes its workers with it.
    process.on('disconnect', () => {
      stop('disconnect');
    });
  } catch (error) {
    const known = error instanceof KeelError ? `${error.code}: ${error.message}` : String(error);
    process.stderr.write(`keel ${service} could not start. ${known}\n`);
    process.exit(1);
  }
}
