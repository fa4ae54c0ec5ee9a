import { describe, expect, it } from '@jest/globals';
import { createMemoryBus } from '../adapters/bus/memory.ts';
import { SIGNAL } from '../adapters/bus/messages.ts';
import { createSignal } from '../test/factories/market.ts';
import { ensureSignalTopics, publishSignal } from './publish-signals.ts';

describe('publishSignal', () => {
  it.each([
    [{ kind: 'target', quantity: '0.5' }, 'signals.sma-cross.buy'],
    [{ kind: 'target', quantity: '0' }, 'signals.sma-cross.flat'],
    [{ kind: 'order', side: 'sell', quantity: '1' }, 'signals.sma-cross.sell'],
  ] as const)(
    'puts %j on %s, under its own id and the key of strategy and symbol',
    async (wanted, topic) => {
      const bus = createMemoryBus('test');
      await ensureSignalTopics(bus, 'sma-cross');
      const taken: unknown[] = [];
      await bus.subscribe({
        group: 'test',
        topics: [topic],
        kind: SIGNAL,
        handle: async ({ message }) => {
          taken.push(message);
        },
      });
      const signal = createSignal({ wanted });
      await publishSignal(bus, signal);
      expect(taken).toEqual([
        expect.objectContaining({
          id: signal.id,
          key: 'strategy-1|BTC/USDT',
          time: signal.eventTime,
          data: signal,
        }),
      ]);
      await bus.close();
    },
  );
});
