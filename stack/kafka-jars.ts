/** Brings Kafka's jars into the cache: Maven resolves them from a small project file that we write. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError, findOnPath, runCommand } from './run-command.ts';
import { StackError, messageOf } from './stack-error.ts';

const KAFKA_VERSION = '4.3.1';
const SCALA_VERSION = '2.13';
const OLDEST_JAVA = 17;

export function kafkaPom(version: string): string {
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>keel</groupId>
  <artifactId>kafka-jars</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_${SCALA_VERSION}</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
</project>
`;
}

/** `openjdk version "17.0.15"` → 17, `java version "1.8.0_392"` → 8; undefined if it says something else. */
export function javaMajor(output: string): number | undefined {
  const match = /version "(?:1\.)?(\d+)/.exec(output);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The `java` program: JAVA_HOME's or PATH's, of version 17 or newer. */
export async function findJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const java = home === undefined || home === '' ? findOnPath('java') : join(home, 'bin', 'java');
  const remedy =
    `install Java ${String(OLDEST_JAVA)} or newer (Debian, Ubuntu: apt-get install openjdk-17-jre-headless), ` +
    'or use --mode embedded, which needs no Kafka';
  if (java === undefined)
    throw new StackError('kafka', 'there is no java on PATH, and JAVA_HOME is not set', remedy);
  let output: string;
  try {
    output = await runCommand(java, ['-version'], { timeoutMs: 30_000 });
  } catch (error) {
    throw new StackError('kafka', messageOf(error), remedy, { cause: error });
  }
  const major = javaMajor(output);
  if (major === undefined || major < OLDEST_JAVA) {
    throw new StackError('kafka', `${java} is version ${String(major ?? 'unknown')}`, remedy);
  }
  return java;
}

/** The folder with Kafka's jars, filled at the first call. Throws a StackError. */
export async function kafkaJars(cacheDir: string, say: (what: string) => void): Promise<string> {
  const folder = join(cacheDir, `kafka-${KAFKA_VERSION}`);
  if (existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('kafka_')))
    return folder;
  const maven = findOnPath('mvn');
  const remedy =
    'install Maven (Debian, Ubuntu: apt-get install maven) and see that it reaches its repository, ' +
    'or use --mode embedded, which needs no Kafka';
  if (maven === undefined)
    throw new StackError('kafka', 'its jars are not here, and there is no mvn on PATH', remedy);

  say(`fetches the jars of Kafka ${KAFKA_VERSION} by Maven`);
  // A folder of this process, renamed when whole: two that fetch at once do not meet.
  const work = `${folder}.${String(process.pid)}`;
  mkdirSync(work, { recursive: true });
  try {
    writeFileSync(join(work, 'pom.xml'), kafkaPom(KAFKA_VERSION));
    await runCommand(
      maven,
      [
        ...['--batch-mode', '--quiet', '--file', join(work, 'pom.xml')],
        'dependency:copy-dependencies',
        '-DincludeScope=runtime',
        `-DoutputDirectory=${join(work, 'jars')}`,
      ],
      { timeoutMs: 300_000 },
    );
    if (!existsSync(folder)) renameSync(join(work, 'jars'), folder);
    return folder;
  } catch (error) {
    throw new StackError('kafka', `Maven could not fetch its jars: ${messageOf(error)}`, remedy, {
      cause: error,
      ...(error instanceof CommandError
        ? { logTail: error.output.trimEnd().split('\n').slice(-12).join('\n') }
        : {}),
    });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
