/** A Kafka of one node, its own controller (KRaft): `await startKafka({ dataDir })`, then connect to `.url`. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { cacheFolder } from './folders.ts';
import { findJava, kafkaJars } from './kafka-jars.ts';
import { choosePort, freePort, LOOPBACK } from './ports.ts';
import { endLeftovers } from './processes.ts';
import { CommandError, runCommand } from './run-command.ts';
import { launch, type OnProgress, type Server } from './server.ts';
import { StackError, messageOf } from './stack-error.ts';

export interface KafkaOptions {
  readonly dataDir: string;
  readonly port?: number;
  readonly cacheDir?: string;
  readonly onProgress?: OnProgress;
}

const STOP_MS = 20_000;
/** Starts faster than a server's defaults, and is content with little memory. */
const JVM_FLAGS = [
  '-Xms128m',
  '-Xmx512m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
];

export interface KafkaPorts {
  readonly broker: number;
  readonly controller: number;
}

/** The broker's settings. Topics are ours to create; rebalances are quick, for few and known members. */
export function kafkaProperties(ports: KafkaPorts, logDir: string): string {
  const settings: Readonly<Record<string, string>> = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `${LOOPBACK}:${String(ports.controller)}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `BROKER://${LOOPBACK}:${String(ports.broker)},CONTROLLER://${LOOPBACK}:${String(ports.controller)}`,
    'advertised.listeners': `BROKER://${LOOPBACK}:${String(ports.broker)}`,
    'inter.broker.listener.name': 'BROKER',
    'listener.security.protocol.map': 'BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': logDir,
    'num.partitions': '1',
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'transaction.state.log.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.min.session.timeout.ms': '1000',
    'group.initial.rebalance.delay.ms': '0',
  };
  return `${Object.entries(settings)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}

/** log4j's settings: warnings and errors, to standard error, which goes to the server's log file. */
const LOG4J = `<?xml version="1.0" encoding="UTF-8"?>
<Configuration status="WARN">
  <Appenders>
    <Console name="stderr" target="SYSTEM_ERR"><PatternLayout pattern="%d %p %m (%c)%n"/></Console>
  </Appenders>
  <Loggers><Root level="WARN"><AppenderRef ref="stderr"/></Root></Loggers>
</Configuration>
`;

/** Starts the broker; `url` is host:port. The first time its jars are fetched. Throws a StackError. */
export async function startKafka(options: KafkaOptions): Promise<Server> {
  const root = resolve(options.dataDir);
  const folder = join(root, 'kafka');
  const logDir = join(folder, 'log');
  const logFile = join(root, 'logs', 'kafka.log');
  const propertiesFile = join(folder, 'server.properties');
  const log4jFile = join(folder, 'log4j2.xml');
  const say = (what: string): void => options.onProgress?.('kafka', what);

  const java = await findJava();
  const jars = await kafkaJars(options.cacheDir ?? cacheFolder(), say);
  mkdirSync(folder, { recursive: true });
  const left = await endLeftovers('java', folder, 'SIGTERM', STOP_MS);
  if (left.length > 0) say(`stopped process ${left.join(', ')}, left behind by an earlier run`);

  const port = await choosePort('kafka', options.port);
  writeFileSync(
    propertiesFile,
    kafkaProperties({ broker: port, controller: await freePort() }, logDir),
  );
  writeFileSync(log4jFile, LOG4J);
  const jvm = [
    ...JVM_FLAGS,
    `-Dlog4j2.configurationFile=${log4jFile}`,
    ...['-cp', join(jars, '*')],
  ];
  if (!existsSync(join(logDir, 'meta.properties'))) {
    say('formats its storage');
    await format(java, jvm, propertiesFile, logDir);
  }
  const address = `${LOOPBACK}:${String(port)}`;
  say('starts');
  return launch({
    name: 'kafka',
    url: address,
    command: java,
    args: [...jvm, 'kafka.Kafka', propertiesFile],
    logFile,
    probe: () => checkServes(address),
    readyTimeoutMs: 90_000,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_MS,
    remedy: `read ${logFile}; if ${folder} is damaged, move it away (messages that nobody has read yet are lost with it)`,
  });
}

async function format(
  java: string,
  jvm: readonly string[],
  propertiesFile: string,
  logDir: string,
): Promise<void> {
  // What an interrupted format left cannot be formatted over.
  rmSync(logDir, { recursive: true, force: true });
  const clusterId = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64url');
  try {
    await runCommand(
      java,
      [
        ...jvm,
        'kafka.tools.StorageTool',
        'format',
        '--standalone',
        // One word: an id may begin with a dash.
        `--cluster-id=${clusterId}`,
        '-c',
        propertiesFile,
      ],
      { timeoutMs: 60_000 },
    );
  } catch (error) {
    throw new StackError(
      'kafka',
      `its storage ${logDir} could not be formatted: ${messageOf(error)}`,
      'check that the folder can be written and the disk is not full',
      { cause: error, ...(error instanceof CommandError ? { logTail: error.output } : {}) },
    );
  }
}

/** Serves when the cluster names a controller, so that topics can be made. */
async function checkServes(address: string): Promise<void> {
  const admin = new Kafka({
    clientId: 'keel-stack',
    brokers: [address],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1000,
    requestTimeout: 3000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    if (cluster.brokers.length === 0 || cluster.controller === null)
      throw new Error('no controller yet');
  } finally {
    await admin.disconnect();
  }
}
