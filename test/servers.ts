/**
 * The servers that integration and end-to-end tests use. test/global-setup.ts brings them up once per jest
 * run and says here, by environment variables, where they are; variables set by hand are kept.
 */
import { describe, it } from '@jest/globals';
import { TEST_SERVER_VARIABLES, serverVariable, type TestServer } from './server-variables.ts';

export interface TestServers {
  /** Superuser URL of a scratch database server; each test makes its own database. */
  readonly postgresUrl: string | undefined;
  /** host:port of a dev server that has our search attributes. */
  readonly temporalAddress: string | undefined;
  readonly kafkaBrokers: string[] | undefined;
  readonly redisUrl: string | undefined;
}

/** Where the servers are; undefined for one that this machine does not have. */
export function testServers(): TestServers {
  return {
    postgresUrl: serverVariable('postgres'),
    temporalAddress: serverVariable('temporal'),
    kafkaBrokers: serverVariable('kafka')?.split(','),
    redisUrl: serverVariable('redis'),
  };
}

/** The servers of this list that are not there. */
function missingServers(servers: readonly TestServer[]): TestServer[] {
  return servers.filter((server) => serverVariable(server) === undefined);
}

/**
 * `describe` for tests that need servers. Without them the tests are skipped, and reported so; with
 * KEEL_REQUIRE=all, as in CI, they fail.
 */
export function describeWith(
  needed: TestServer | readonly TestServer[],
  name: string,
  define: () => void,
): void {
  const missing = missingServers(typeof needed === 'string' ? [needed] : needed);
  if (missing.length === 0) {
    describe(name, define);
    return;
  }
  const reason = `needs ${missing.join(', ')}, not to be had here (${missing.map((server) => TEST_SERVER_VARIABLES[server]).join(', ')})`;
  if (process.env['KEEL_REQUIRE'] === 'all') {
    describe(name, () => {
      it(reason, () => {
        throw new Error(`${name} ${reason}; KEEL_REQUIRE=all forbids to skip it`);
      });
    });
    return;
  }
  process.stderr.write(`SKIPPED: ${name}: ${reason}\n`);
  describe.skip(`${name} [SKIPPED: ${reason}]`, define);
}
