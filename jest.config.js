/**
 * Three projects: `unit` needs nothing, `integration` needs servers (brought up by test/global-setup.ts),
 * `e2e` runs the whole native stack. A file's name says where it belongs.
 */
const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { swcrc: true }] },
  testPathIgnorePatterns: ['/node_modules/', '/dist/', '/.keel/'],
  modulePathIgnorePatterns: ['/dist/', '/.keel/'],
};

const SERVED = ['.*\\.integration\\.test\\.ts$', '.*\\.e2e\\.test\\.ts$'];

export default {
  // Integration tests share servers and task queues; `test:unit`, which shares nothing, takes all cores.
  maxWorkers: 1,
  // A busy machine, and coverage, make a test many times slower; one that hangs is still told. Of all projects:
  // jest does not look at a project's own.
  testTimeout: 30_000,
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
      testPathIgnorePatterns: [...base.testPathIgnorePatterns, ...SERVED],
    },
    {
      ...base,
      displayName: 'integration',
      testMatch: ['<rootDir>/**/*.integration.test.ts'],
      globalSetup: '<rootDir>/test/global-setup.ts',
      globalTeardown: '<rootDir>/test/global-teardown.ts',
    },
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/**/*.e2e.test.ts'],
      globalSetup: '<rootDir>/test/global-setup.ts',
      globalTeardown: '<rootDir>/test/global-teardown.ts',
    },
  ],
};
