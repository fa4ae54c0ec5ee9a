/** Bus messages a second, out and in, against bare kafkajs with the same settings, turn about in one run. */
import { Kafka, logLevel } from 'kafkajs';
import { z } from 'zod';
import { createKafkaBus } from '../../adapters/bus/kafka.ts';
import type { MessageKind } from '../../adapters/event-bus.ts';
import type { Ratio } from './ratio.ts';

const MESSAGES = 100_000;
const BATCH = 500;
const PING = {
  type: 'bench',
  schemaVersion: 1,
  schema: z.strictObject({ n: z.int(), text: z.string() }),
} satisfies MessageKind;
const BODY = { text: 'x'.repeat(200) };

function batches<T>(make: (n: number) => T): T[][] {
  return Array.from({ length: MESSAGES / BATCH }, (_, batch) =>
    Array.from({ length: BATCH }, (_unused, index) => make(batch * BATCH + index)),
  );
}

async function bare(brokers: readonly string[], topic: string): Promise<number> {
  const kafka = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
  await admin.disconnect();
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  const consumer = kafka.consumer({ groupId: `${topic}-bare`, maxWaitTimeInMs: 300 });
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  const startedAt = performance.now();
  for (const messages of batches((n) => ({
    key: String(n % 16),
    value: JSON.stringify({ n, ...BODY }),
  }))) {
    await producer.send({ topic, messages });
  }
  await new Promise<void>((resolve, reject) => {
    let seen = 0;
    consumer
      .run({
        eachMessage: ({ message }) => {
          JSON.parse(message.value?.toString() ?? 'null');
          seen += 1;
          if (seen === MESSAGES) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await consumer.disconnect();
  await producer.disconnect();
  return MESSAGES / seconds;
}

async function ours(brokers: readonly string[], topic: string): Promise<number> {
  const bus = createKafkaBus({ brokers, source: 'bench' });
  await bus.ensureTopics([topic]);
  const startedAt = performance.now();
  for (const messages of batches((n) => ({
    id: `m${String(n)}`,
    key: String(n % 16),
    time: n,
    data: { n, ...BODY },
  }))) {
    await bus.publish(topic, PING, messages);
  }
  await new Promise<void>((resolve, reject) => {
    let seen = 0;
    bus
      .subscribe({
        group: `${topic}-keel`,
        topics: [topic],
        kind: PING,
        handle: () => {
          seen += 1;
          if (seen === MESSAGES) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  const seconds = (performance.now() - startedAt) / 1000;
  await bus.close();
  return MESSAGES / seconds;
}

/** `run` keeps the topics of one bench run apart from another's. */
export async function benchBus(brokers: readonly string[], run: string): Promise<Ratio> {
  const baseline: number[] = [];
  const keel: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    baseline.push(await bare(brokers, `bench.${run}.bare.${String(round)}`));
    keel.push(await ours(brokers, `bench.${run}.keel.${String(round)}`));
  }
  return { name: 'bus messages/s against bare kafkajs', unit: 'messages/s', keel, baseline };
}
