/** The environment variables that tell tests where the servers are. */
export const TEST_SERVER_VARIABLES = {
  postgres: 'KEEL_TEST_POSTGRES_URL',
  temporal: 'KEEL_TEST_TEMPORAL_ADDRESS',
  kafka: 'KEEL_TEST_KAFKA_BROKERS',
  redis: 'KEEL_TEST_REDIS_URL',
} as const;

export type TestServer = keyof typeof TEST_SERVER_VARIABLES;

export const TEST_SERVERS = Object.keys(TEST_SERVER_VARIABLES) as TestServer[];

/** What the variable of `server` says; undefined where it is unset or empty. */
export function serverVariable(server: TestServer): string | undefined {
  const value = process.env[TEST_SERVER_VARIABLES[server]];
  return value === '' ? undefined : value;
}
