/**
 * The API process: `startApi(house)` builds the services on the house's doors and listens. It needs of
 * Temporal a client only, and comes up without one: what acts through Temporal then answers 503.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGuardDoor } from '../adapters/temporal/guard-door.ts';
import { workflowUrl } from '../adapters/temporal/client.ts';
import { createDeployments, type Deployments } from '../adapters/temporal/deployments.ts';
import { createPayloadCodec } from '../adapters/temporal/encryption.ts';
import { systemTopic } from '../adapters/bus/topics.ts';
import type { TradeAdapter } from '../adapters/trade-adapter.ts';
import { KeelError } from '../core/errors.ts';
import type { House } from '../workers/house.ts';
import { latestPrice } from '../workers/latest-price.ts';
import { runProcess, type Running } from '../workers/run-process.ts';
import { createFirstAdmin, createTokens, signingSecret, type Tokens } from './auth.ts';
import { createApp } from './server.ts';
import { createBuildService } from './services/build-service.ts';
import { createCloseService } from './services/close-service.ts';
import { createGuardService } from './services/guard-service.ts';
import { createHaltService } from './services/halt-service.ts';
import { createOrderService } from './services/order-service.ts';
import { createPlaceService } from './services/place-service.ts';
import { createPortfolioService } from './services/portfolio-service.ts';
import { createReconciliationService } from './services/reconciliation-service.ts';
import { createStrategyService } from './services/strategy-service.ts';
import { createStudyService } from './services/study-service.ts';
import { createStudyDoor, type StudyDoor } from '../adapters/temporal/study-door.ts';
import { createWorkflows, type Workflows } from '../adapters/temporal/workflows.ts';

export interface RunningApi extends Running {
  /** Such as `http://127.0.0.1:8080`, without a trailing slash. */
  readonly url: string;
  /** Of user `admin`, told only by the start that made it. The caller prints it once. */
  readonly firstPassword?: string;
  readonly tokens: Tokens;
}

/** Throws KeelError: UNAVAILABLE when the port is taken, CONFIG_INVALID for a signing secret too short. */
export async function startApi(house: House): Promise<RunningApi> {
  const { config, repositories, logger, bus, cache } = house;
  const tokens = createTokens(await signingSecret(config.api.jwtSecret, repositories.settings));
  const firstPassword = await createFirstAdmin(repositories.users, Date.now());
  const workflows = workflowsOf(house);
  const { uiUrl, namespace, encryption, versioning } = config.temporal;
  const workflowLink = (workflowId: string): string => workflowUrl(uiUrl, namespace, workflowId);
  const statusTopic = systemTopic('status', 'api');

  const instrument = async (accountId: string, symbol: string) =>
    adapterOf(house, accountId).instrument(symbol);
  /** What a person's signals are made of. */
  const asking = {
    repositories,
    bus,
    workflowLink,
    marketTime: (accountId: string) => marketTime(house, accountId),
    price: (exchange: string, symbol: string) =>
      latestPrice(cache, repositories.klines, exchange, symbol),
  };

  const app = createApp({
    strategies: createStrategyService({
      repositories,
      registry: house.registry,
      workflows,
      workflowLink,
      defaultMaxOrdersPerDay: config.risk.maxOrdersPerDay,
      collectedSymbols: (accountId) =>
        config.venues.find((venue) => venue.accountId === accountId)?.symbols ?? [],
    }),
    orders: createOrderService({
      repositories,
      workflows,
      workflowLink,
      instrument,
      marketTime: (accountId) => marketTime(house, accountId),
    }),
    guards: createGuardService({
      repositories,
      door: {
        tellGuard: async (key, message) =>
          createGuardDoor((await house.temporal()).client).tellGuard(key, message),
      },
      marketTime: (accountId) => marketTime(house, accountId),
      workflowLink,
    }),
    halts: createHaltService({ repositories, workflows, workflowLink, logger }),
    portfolio: createPortfolioService(repositories),
    closing: createCloseService(asking),
    placing: createPlaceService({ ...asking, instrument }),
    workflows,
    decisions: repositories.decisions,
    builds: createBuildService({
      audit: repositories.audit,
      versioned: versioning && {
        deployment: versioning.deployment,
        deployments: deploymentsOf(house, versioning.deployment),
      },
    }),
    reconciliation: createReconciliationService({ repositories, workflows, workflowLink }),
    studies: createStudyService({
      ...{ repositories, workflowLink, registry: house.registry },
      door: studyDoorOf(house),
    }),
    users: repositories.users,
    tokens,
    probes: {
      postgres: () => repositories.ping(),
      temporal: () => workflows.ping(),
      bus: () => bus.ensureTopics([statusTopic]),
    },
    logger,
    ...(encryption === undefined
      ? {}
      : { encryption: { codec: createPayloadCodec(encryption), uiUrl } }),
  });

  const server = createServer(app);
  server.listen(config.api.port, config.api.host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new KeelError(
      'UNAVAILABLE',
      `the API cannot listen on ${config.api.host}:${String(config.api.port)} (${String(error)}); free the port or set api.port (0 takes a free one)`,
      { cause: error },
    );
  }
  const { port } = server.address() as AddressInfo;
  const url = `http://${config.api.host}:${String(port)}`;
  logger.info({ url }, 'api_started');
  return {
    url,
    tokens,
    ...(firstPassword === undefined ? {} : { firstPassword }),
    async stop() {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      // Requests in hand get a moment; a kept-open connection does not hold the stop up.
      const impatient = setTimeout(() => {
        server.closeAllConnections();
      }, 2_000);
      await closed;
      clearTimeout(impatient);
    },
  };
}

function adapterOf(house: House, accountId: string): TradeAdapter {
  const adapter = house.adapters.get(accountId);
  if (adapter !== undefined) return adapter;
  throw new KeelError(
    'UNAVAILABLE',
    `this process has no account ${accountId} (it has ${[...house.adapters.keys()].join(', ') || 'none'}): add it to venues and restart`,
  );
}

async function marketTime(house: House, accountId: string): Promise<number> {
  return adapterOf(house, accountId).marketTime();
}

/** Connects at first use: the API answers reads while Temporal is away. */
function workflowsOf(house: House): Workflows {
  const connected = async (): Promise<Workflows> =>
    createWorkflows((await house.temporal()).client);
  return {
    startStrategy: async (input) => (await connected()).startStrategy(input),
    stopStrategy: async (strategyId, request) =>
      (await connected()).stopStrategy(strategyId, request),
    pauseStrategy: async (strategyId, request) =>
      (await connected()).pauseStrategy(strategyId, request),
    resumeStrategy: async (strategyId, request) =>
      (await connected()).resumeStrategy(strategyId, request),
    startAmend: async (step) => (await connected()).startAmend(step),
    startHalt: async (input, summary) => (await connected()).startHalt(input, summary),
    decideOrder: async (orderId, verb, request) =>
      (await connected()).decideOrder(orderId, verb, request),
    cancelOrder: async (orderId, request) => (await connected()).cancelOrder(orderId, request),
    history: async (workflowId, runId) => (await connected()).history(workflowId, runId),
    runs: async (workflowId) => (await connected()).runs(workflowId),
    reconcile: async (accountId) => (await connected()).reconcile(accountId),
    ping: async () => (await connected()).ping(),
  };
}

function studyDoorOf(house: House): StudyDoor {
  const connected = async (): Promise<StudyDoor> =>
    createStudyDoor((await house.temporal()).client);
  return {
    start: async (input, summary) => (await connected()).start(input, summary),
    pause: async (studyId, request) => (await connected()).pause(studyId, request),
    resume: async (studyId, request) => (await connected()).resume(studyId, request),
    cancel: async (studyId, request) => (await connected()).cancel(studyId, request),
  };
}

function deploymentsOf(house: House, deployment: string): Deployments {
  const connected = async (): Promise<Deployments> =>
    createDeployments((await house.temporal()).client, { deployment }, house.service);
  return {
    list: async () => (await connected()).list(),
    makeCurrent: async (buildId) => (await connected()).makeCurrent(buildId),
  };
}

if (import.meta.main) {
  await runProcess('api', async (house) => {
    const api = await startApi(house);
    if (api.firstPassword !== undefined && process.send === undefined) {
      process.stdout.write(`User admin, password ${api.firstPassword} (told this once)\n`);
    }
    const { url, firstPassword } = api;
    return { stop: () => api.stop(), ready: { url, firstPassword } };
  });
}
