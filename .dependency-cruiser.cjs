/**
 * The import rules of the house (docs/architecture.md): who may know whom. Data moves one way, from venue to
 * order, and the rooms' imports follow it. Run by `npm run check:imports`.
 */
const ROOMS =
  'core|strategies|backtest|adapters|workflows|activities|workers|api|web|cli|config|observability|simulator|stack|temporal-config';
/** A test beside the code puts parts together as it needs them. */
const TEST = '\\.(test|contract)\\.ts$';
/** Only these put parts together. */
const COMPOSERS = '^(workers|api|cli|simulator|stack|test)/';
const LOGS_AND_METRICS = '^observability/';
/** Starts and signals workflows, by the names they give. */
const WORKFLOW_CLIENT =
  '^adapters/temporal/(workflows|schedules|guard-door|study-door|start-order)\\.ts$';

function room(name, allowed, comment, from = `^${name}/`) {
  return {
    name: `${name.replaceAll('/', '-')}-knows-only-its-own`,
    comment,
    severity: 'error',
    from: { path: from, pathNot: TEST },
    to: { path: `^(${ROOMS}|test)/`, pathNot: allowed },
  };
}

module.exports = {
  forbidden: [
    room('core', ['^core/'], 'core is pure: it imports nothing of ours'),
    room('strategies', ['^(core|strategies)/'], 'strategies import core only'),
    room(
      'backtest',
      ['^(core|strategies|backtest)/'],
      'the backtest imports core and strategies only',
    ),
    room('config', ['^(core|config)/'], 'configuration imports core only'),
    room('observability', ['^(core|observability)/'], 'logs and metrics import core only'),
    room(
      'temporal-config',
      ['^temporal-config/'],
      'settings of the Temporal namespace stand alone',
    ),
    room('web', ['^web/'], 'the page is a client of the API, nothing else'),
    room(
      'stack',
      ['^(core|stack|temporal-config)/', LOGS_AND_METRICS, '^adapters/storage/migrate\\.ts$'],
      'the stack starts servers and runs migrations; it knows no trading',
    ),
    {
      name: 'adapters-know-only-their-own-kind',
      comment:
        'adapters/<kind> imports core and the interfaces directly under adapters/, never another kind',
      severity: 'error',
      from: { path: '^adapters/([^/]+)/', pathNot: [TEST, WORKFLOW_CLIENT] },
      to: {
        path: `^(${ROOMS}|test)/`,
        pathNot: [
          '^core/',
          '^adapters/[^/]+\\.ts$',
          '^adapters/$1/',
          // Message schemas and topics are part of the bus interface.
          '^adapters/bus/(messages|topics)\\.ts$',
          LOGS_AND_METRICS,
          '^temporal-config/',
        ],
      },
    },
    room(
      'workflow-client',
      ['^(core|temporal-config)/', '^adapters/[^/]+\\.ts$', '^adapters/temporal/', '^workflows/'],
      'the client of workflows is for them alone',
      WORKFLOW_CLIENT,
    ),
    {
      name: 'workflow-client-knows-messages-by-type',
      comment:
        'beside their names it needs only the types of what they are told: use `import type`',
      severity: 'error',
      from: { path: WORKFLOW_CLIENT },
      to: { path: '^workflows/', pathNot: '-names\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapter-interfaces-know-only-core',
      comment:
        'the interfaces on top name core; message schemas and topics are part of the bus interface',
      severity: 'error',
      from: { path: '^adapters/[^/]+\\.ts$', pathNot: TEST },
      to: {
        path: `^(${ROOMS}|test)/`,
        pathNot: [
          '^core/',
          '^adapters/[^/]+\\.ts$',
          '^adapters/bus/(messages|topics)\\.ts$',
          LOGS_AND_METRICS,
        ],
      },
    },
    {
      name: 'workflows-know-only-core',
      comment: 'workflow code is deterministic: core, its own room, and the types of activities',
      severity: 'error',
      from: { path: '^workflows/', pathNot: TEST },
      to: {
        path: `^(${ROOMS}|test)/`,
        pathNot: ['^(core|workflows|activities)/', '^temporal-config/'],
      },
    },
    {
      name: 'workflows-know-activities-by-type',
      comment:
        "an activity's code in a workflow bundle is I/O in deterministic code: use `import type`",
      severity: 'error',
      from: { path: '^workflows/', pathNot: TEST },
      to: { path: '^activities/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workflows-need-no-node',
      comment: 'the workflow sandbox has no Node API',
      severity: 'error',
      from: { path: '^(workflows|core)/', pathNot: TEST },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'activities-know-interfaces-only',
      comment: 'activities import core, strategies and adapter interfaces, not implementations',
      severity: 'error',
      from: { path: '^activities/', pathNot: TEST },
      to: {
        path: `^(${ROOMS}|test)/`,
        pathNot: [
          '^(core|strategies|activities)/',
          '^adapters/[^/]+\\.ts$',
          '^adapters/bus/(messages|topics)\\.ts$',
          LOGS_AND_METRICS,
        ],
      },
    },
    {
      name: 'nobody-imports-a-composer',
      comment:
        'workers, api, cli, simulator and stack are where programs begin: only they and tests import them',
      severity: 'error',
      from: { pathNot: [COMPOSERS, TEST] },
      to: { path: COMPOSERS, pathNot: '^stack/' },
    },
    {
      name: 'workers-know-no-api',
      comment:
        'each worker is a process of its own; only the one that is all of them starts the API',
      severity: 'error',
      from: { path: '^workers/', pathNot: [TEST, '^workers/all\\.ts$'] },
      to: { path: '^api/' },
    },
    {
      name: 'no-test-code-in-the-product',
      severity: 'error',
      from: { path: `^(${ROOMS})/`, pathNot: TEST },
      to: { path: ['^test/', TEST] },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared-packages',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-development-packages-in-the-product',
      severity: 'error',
      from: { path: `^(${ROOMS})/`, pathNot: [TEST, '^stack/temporal-program\\.ts$'] },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|coverage|\\.keel)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
