/** The SDK's native core, once a process: its log goes where ours goes, and signals are ours to handle. */
import {
  DefaultLogger,
  makeTelemetryFilterString,
  Runtime,
  type Logger as SdkLogger,
  type LogLevel,
} from '@temporalio/worker';
import type { Logger } from '../../observability/logger.ts';

const LEVELS = {
  TRACE: 'debug',
  DEBUG: 'debug',
  INFO: 'debug',
  WARN: 'warn',
  ERROR: 'error',
} as const satisfies Record<LogLevel, 'debug' | 'warn' | 'error'>;

let installed = false;

/** For a command that tells itself what went wrong: the native core prints nothing. */
export function installQuietRuntime(): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR', () => undefined),
    telemetryOptions: {
      logging: { forward: {}, filter: makeTelemetryFilterString({ core: 'ERROR' }) },
    },
  });
}

/** Call before anything else of Temporal's. Later calls of the same process change nothing. */
export function installRuntime(logger: Logger): void {
  if (installed) return;
  installed = true;
  const log: SdkLogger['log'] = (level, message, meta) => {
    logger[LEVELS[level]]({ ...meta }, message);
  };
  Runtime.install({
    // A worker stops when its process says so, after what feeds it: not by itself on Ctrl-C.
    shutdownSignals: [],
    logger: {
      log,
      trace: (message, meta) => {
        log('TRACE', message, meta);
      },
      debug: (message, meta) => {
        log('DEBUG', message, meta);
      },
      info: (message, meta) => {
        log('INFO', message, meta);
      },
      warn: (message, meta) => {
        log('WARN', message, meta);
      },
      error: (message, meta) => {
        log('ERROR', message, meta);
      },
    },
  });
}
