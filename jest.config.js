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
  coverageProvider: 'babel',
  collectCoverageFrom: [
    '{core,strategies,workflows,activities,adapters,api,cli,config,observability,simulator,stack,workers}/**/*.ts',
    '!**/*.test.ts',
    '!**/*.contract.ts',
  ],
  reporters: ['default', '<rootDir>/test/summary-reporter.js'],
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
