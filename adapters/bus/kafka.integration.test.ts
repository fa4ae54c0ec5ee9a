import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { expect, it } from '@jest/globals';
import { Kafka, logLevel } from 'kafkajs';
import { describeWith, testServers } from '../../test/servers.ts';
import { pause } from '../back-off.ts';
import type { EventBus } from '../event-bus.ts';
import { COUNT, count, describeEventBus, until } from './event-bus.contract.ts';
import { createKafkaBus, type KafkaBusOptions } from './kafka.ts';

const brokers = testServers().kafkaBrokers ?? [];
// At or above the test broker's minimum; short, so that a killed member is noticed soon.
const sessionTimeoutMs = 3_000;

function create(options: Partial<KafkaBusOptions> = {}): EventBus {
  return createKafkaBus({
    brokers,
    source: 'contract',
    sessionTimeoutMs,
    topicRefreshMs: 500,
    backoff: { minMs: 20, maxMs: 200 },
    ...options,
  });
}

async function writeRaw(_bus: EventBus, topic: string, text: string): Promise<void> {
  const kafka = new Kafka({ clientId: 'raw', brokers, logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ key: 'k', value: text }] });
  await producer.disconnect();
}

/** A group member in a process of its own whose handler never comes back. */
function hangingMember(topic: string, group: string): ReturnType<typeof spawn> {
  const module = new URL('kafka.ts', import.meta.url).href;
  const script = `
    import { z } from 'zod';
    const { createKafkaBus } = await import(${JSON.stringify(module)});
    const bus = createKafkaBus({ brokers: ${JSON.stringify(brokers)}, source: 'hanging', sessionTimeoutMs: ${String(sessionTimeoutMs)} });
    await bus.subscribe({
      group: ${JSON.stringify(group)}, topics: [${JSON.stringify(topic)}],
      kind: { type: 'count', schemaVersion: 1, schema: z.strictObject({ n: z.int() }) },
      handle: async ({ message }) => { if (message.data.n < 2) return; console.log('hanging'); await new Promise(() => {}); },
    });`;
  return spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: new URL('../..', import.meta.url).pathname,
  });
}

describeWith('kafka', 'kafka bus', () => {
  describeEventBus('kafka', { create, writeRaw });

  it('gives what a killed member had in hand to the next one', async () => {
    const bus = create({ partitions: 1 });
    const topic = `test.${randomUUID()}`;
    const group = `group.${randomUUID()}`;
    await bus.ensureTopics([topic]);
    await bus.publish(
      topic,
      COUNT,
      [0, 1, 2, 3].map((n) => count(n)),
    );
    const member = hangingMember(topic, group);
    await new Promise((resolve) => member.stdout?.once('data', resolve));
    member.kill('SIGKILL');
    const seen: number[] = [];
    await bus.subscribe({
      ...{ group, topics: [topic], kind: COUNT },
      handle: ({ message }) => {
        seen.push(message.data.n);
        return Promise.resolve();
      },
    });
    await until(() => seen.includes(3));
    expect(seen.slice(-2)).toEqual([2, 3]);
    await bus.close();
  });

  it('keeps a handler that is slower than the session in the group', async () => {
    const bus = create({ partitions: 1 });
    const topic = `test.${randomUUID()}`;
    await bus.ensureTopics([topic]);
    await bus.publish(topic, COUNT, [count(1), count(2)]);
    const seen: number[] = [];
    await bus.subscribe({
      ...{ group: `group.${randomUUID()}`, topics: [topic], kind: COUNT },
      handle: async ({ message }) => {
        seen.push(message.data.n);
        if (message.data.n === 1) await pause(sessionTimeoutMs + 1_500);
      },
    });
    await until(() => seen.includes(2));
    expect(seen).toEqual([1, 2]);
    await bus.close();
  });

  it('goes on with the other partitions while one message keeps failing', async () => {
    const bus = create({ partitions: 3 });
    const topic = `test.${randomUUID()}`;
    await bus.ensureTopics([topic]);
    const keys = Array.from({ length: 12 }, (_, n) => `key-${String(n)}`);
    let failing = true;
    const seen: string[] = [];
    await bus.subscribe({
      ...{ group: `group.${randomUUID()}`, topics: [topic], kind: COUNT },
      handle: ({ message }) => {
        if (message.key === 'key-0' && failing) throw new Error('not now');
        seen.push(message.key);
        return Promise.resolve();
      },
    });
    await bus.publish(topic, COUNT, [count(0, 'key-0')]);
    await bus.publish(
      topic,
      COUNT,
      keys.slice(1).map((key) => count(1, key)),
    );
    await until(() => seen.length >= 4);
    expect(seen).not.toContain('key-0');
    failing = false;
    await until(() => new Set(seen).size === 12);
    await bus.close();
  });

  it('reports a consumer that cannot go on, instead of standing still', async () => {
    let fatal: Error | undefined;
    const bus = create({
      // Below every broker's minimum: refused for good.
      sessionTimeoutMs: 500,
      onFatal: (error) => {
        fatal = error;
      },
    });
    const topic = `test.${randomUUID()}`;
    await bus.ensureTopics([topic]);
    await bus.subscribe({
      ...{ group: `group.${randomUUID()}`, topics: [topic], kind: COUNT },
      handle: () => Promise.resolve(),
    });
    await until(() => fatal !== undefined);
    expect(fatal?.message).toMatch(/session timeout/i);
    await bus.close();
  });

  it('says which brokers do not answer', async () => {
    const bus = createKafkaBus({ brokers: ['127.0.0.1:1'], source: 'contract', retries: 0 });
    await expect(bus.ensureTopics(['x'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await bus.close();
  });
});
