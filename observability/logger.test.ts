import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { createLogger } from './logger.ts';

function logged(
  write: (logger: ReturnType<typeof createLogger>) => void,
): Record<string, unknown>[] {
  const file = join(mkdtempSync(join(tmpdir(), 'keel-log-')), 'keel.log');
  write(createLogger('orders', 'info', file));
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  rmSync(dirname(file), { recursive: true });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('the logger', () => {
  it('writes JSON lines with level, service and time', () => {
    const [line] = logged((logger) => {
      logger.info({ order_id: 'a' }, 'order_executed');
      logger.debug('below the level');
    });
    expect(line).toMatchObject({
      level: 'info',
      service: 'orders',
      order_id: 'a',
      msg: 'order_executed',
    });
    expect(line?.['time']).toBeGreaterThan(1_700_000_000_000);
  });

  it('never writes a secret, at the top or one level down', () => {
    const lines = logged((logger) => {
      logger.info({ apiKey: 'shown', venue: { secret: 'shown', symbol: 'BTC/USDT' } }, 'connected');
    });
    expect(JSON.stringify(lines)).not.toContain('shown');
    expect(JSON.stringify(lines)).toContain('BTC/USDT');
  });
});
