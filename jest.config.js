/**
 * Four projects. A file's name says where it belongs: `unit` needs nothing, `integration` needs servers (brought
 * up by test/global-setup.ts), `e2e` runs the house in one process on servers of its own, `native` every worker
 * and server as a process of its own.
 *
 * The suites of the first three run side by side; then those of `native`, one at a time. What integration suites
 * have in common is the servers: each has a database (test/database.ts) and a Temporal namespace
 * (test/namespace.ts) of its own.
 */

const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.keel/'],
  modulePathIgnorePatterns: ['/dist/', '/.keel/'],
};

const SERVED = {
  globalSetup: '<rootDir>/test/global-setup.ts',
  globalTeardown: '<rootDir>/test/global-teardown.ts',
};

export default {
  // Whatever the cores: most suites that need servers wait more than they compute.
  maxWorkers: 3,
  // A busy machine, and coverage, make a test many times slower; one that hangs is still told. Of all projects:
  // jest does not look at a project's own.
  testTimeout: 120_000,
  coverageProvider: 'babel',
  collectCoverageFrom: [
    '{core,strategies,backtest,workflows,activities,adapters,api,cli,config,observability,simulator,stack,workers}/**/*.ts',
    '!**/*.test.ts',
    '!**/*.contract.ts',
  ],
  // Reckoned over a whole `npm test`, which alone asks for coverage.
  coverageThreshold: {
    './core/': { lines: 80 },
    './core/risk/': { lines: 80 },
    './strategies/': { lines: 80 },
    './backtest/': { lines: 80 },
    './workflows/': { lines: 80 },
    './activities/': { lines: 80 },
  },
  reporters: [
    'default',
    '<rootDir>/test/coverage-reporter.js',
    '<rootDir>/test/summary-reporter.js',
  ],
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/**/*.test.ts'],
      testPathIgnorePatterns: [
        ...base.testPathIgnorePatterns,
        '\\.(integration|e2e|native)\\.test\\.ts$',
      ],
    },
    {
      ...base,
      ...SERVED,
      displayName: 'integration',
      testMatch: ['<rootDir>/**/*.integration.test.ts'],
    },
    {
      ...base,
      ...SERVED,
      displayName: 'e2e',
      testMatch: ['<rootDir>/**/*.e2e.test.ts'],
    },
    {
      ...base,
      ...SERVED,
      displayName: 'native',
      runner: '<rootDir>/test/serial-runner.js',
      testMatch: ['<rootDir>/**/*.native.test.ts'],
    },
  ],
};
