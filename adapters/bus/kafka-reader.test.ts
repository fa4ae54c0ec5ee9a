import { expect, it, jest } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { KafkaReader } from './kafka-reader.ts';

it('reads on after the broker died while a new topic was taken in', async () => {
  const calls: string[] = [];
  const runs = [
    () => Promise.resolve(),
    () => Promise.reject(new Error('the broker is gone')),
    () => Promise.resolve(),
  ];
  const note = (name: string) => () => {
    calls.push(name);
    return Promise.resolve();
  };
  const consumer = {
    events: { CRASH: 'consumer.crash' },
    on: () => undefined,
    connect: note('connect'),
    stop: note('stop'),
    disconnect: note('disconnect'),
    subscribe: ({ topics }: { topics: string[] }) => note(`subscribe ${topics.join(' ')}`)(),
    run: () => {
      calls.push('run');
      return runs.shift()?.();
    },
  };
  const topics = ['signals.a.buy'];
  jest.useFakeTimers();
  const reader = new KafkaReader({
    kafka: { consumer: () => consumer } as unknown as Kafka,
    groupId: 'dispatcher',
    group: 'dispatcher',
    resolveTopics: () => Promise.resolve([...topics]),
    refreshMs: 1_000,
    sessionTimeoutMs: 6_000,
    partitionsAtOnce: 1,
    backoff: { minMs: 1, maxMs: 1 },
    deliver: () => Promise.resolve({ kind: 'handled' }),
    writeDeadLetter: () => Promise.resolve(),
    onFatal: () => undefined,
    logger: undefined,
  });
  await reader.start();
  topics.push('signals.b.buy');
  await jest.advanceTimersByTimeAsync(2_000);
  await reader.close();
  jest.useRealTimers();
  const again = ['stop', 'subscribe signals.b.buy', 'run'];
  expect(calls).toEqual([
    ...['connect', 'subscribe signals.a.buy', 'run'],
    ...again,
    ...again,
    'disconnect',
  ]);
  expect(reader.reading()).toEqual(['signals.a.buy', 'signals.b.buy']);
});
