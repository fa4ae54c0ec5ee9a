/** Structured logs. `createLogger('orders')`, then `log.info({ orderId }, 'order_executed')`. */
import { pino } from 'pino';

export type Logger = pino.Logger;
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Secrets never reach a log, whoever passes them in. */
const REDACTED = [
  '*.apiKey',
  '*.secret',
  '*.password',
  '*.token',
  'apiKey',
  'secret',
  'password',
  'token',
];

/**
 * JSON lines on standard error (standard output belongs to what a command prints), or appended to `file`.
 */
export function createLogger(service: string, level: LogLevel = 'info', file?: string): Logger {
  return pino(
    {
      level,
      base: { service },
      redact: REDACTED,
      timestamp: () => `,"time":${String(Date.now())}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: file ?? 2, sync: true, mkdir: true }),
  );
}
