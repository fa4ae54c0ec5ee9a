/** The API over fakes in memory: its repositories, its bus and its Temporal, each as far as the API asks. */
import type { Express } from 'express';
import { createMemoryBus } from '../../adapters/bus/memory.ts';
import { SIGNAL } from '../../adapters/bus/messages.ts';
import { ALL_SIGNALS } from '../../adapters/bus/topics.ts';
import type { AuditRepository, Role } from '../../adapters/repositories.ts';
import { createTokens, hashPassword } from '../../api/auth.ts';
import { createApp, type Services } from '../../api/server.ts';
import { createBuildService } from '../../api/services/build-service.ts';
import { createCloseService } from '../../api/services/close-service.ts';
import { createGuardService } from '../../api/services/guard-service.ts';
import { createHaltService } from '../../api/services/halt-service.ts';
import { createOrderService } from '../../api/services/order-service.ts';
import { createPlaceService } from '../../api/services/place-service.ts';
import { createPortfolioService } from '../../api/services/portfolio-service.ts';
import type { Probe } from '../../api/services/readiness.ts';
import { createReconciliationService } from '../../api/services/reconciliation-service.ts';
import { createStrategyService } from '../../api/services/strategy-service.ts';
import { createStudyService } from '../../api/services/study-service.ts';
import { createLogger } from '../../observability/logger.ts';
import { defaultRegistry } from '../../strategies/registry.ts';
import { T0, createInstrument } from './market.ts';
import {
  accountRepository,
  strategyRepository,
  studyRepository,
  orderRepository,
  guardRepository,
  haltRepository,
  portfolioRepository,
  reconciliationRepository,
  decisionRepository,
  userRepository,
} from './api-repositories.ts';
import { ApiState } from './api-state.ts';
import { deployments, studyDoor, workflowsOf } from './api-temporal.ts';

/** Made once: hashing is slow on purpose. */
const ANNS_PASSWORD = hashPassword('correct horse');

export class ApiWorld extends ApiState {
  readonly tokens = createTokens('a-secret-of-at-least-32-characters');
  readonly bus = createMemoryBus('api-test');

  async open(
    options: { loginsPerMinute?: number } & Pick<Services, 'encryption'> = {},
  ): Promise<Express> {
    const { loginsPerMinute, encryption } = options;
    await this.bus.subscribe({
      group: 'test',
      topics: ALL_SIGNALS,
      kind: SIGNAL,
      handle: async ({ message }) => {
        this.signals.push(message.data);
      },
    });
    this.users.set('ann', {
      name: 'ann',
      role: 'trader',
      passwordHash: await ANNS_PASSWORD,
      createdAt: 0,
    });
    const audit: AuditRepository = {
      write: async (entry) => {
        this.audit.push(entry);
      },
    };
    const repositories = {
      strategies: strategyRepository(this),
      accounts: accountRepository(),
      orders: orderRepository(this),
      portfolio: portfolioRepository(this),
      halts: haltRepository(this),
      guards: guardRepository(this),
      reconciliation: reconciliationRepository(this),
      audit,
    };
    const workflows = workflowsOf(this);
    const workflowLink = (id: string): string => `http://temporal/workflows/${id}`;
    const probe =
      (name: string): Probe =>
      async () => {
        if (this.away.has(name)) throw new Error(`${name} is away`);
      };
    const asking = {
      repositories,
      bus: this.bus,
      workflowLink,
      marketTime: async () => T0,
      price: async () => this.price,
    };
    return createApp({
      strategies: createStrategyService({
        repositories,
        registry: defaultRegistry(),
        workflows,
        workflowLink,
        defaultMaxOrdersPerDay: 500,
        collectedSymbols: () => ['BTC/USDT'],
      }),
      orders: createOrderService({
        repositories,
        workflows,
        workflowLink,
        instrument: async () => createInstrument({ exchange: 'binance' }),
        marketTime: async () => T0,
      }),
      guards: createGuardService({
        repositories,
        door: {
          tellGuard: async ({ strategyId, symbol }) => {
            this.sent.push(`look at the guard of ${strategyId} in ${symbol}`);
          },
        },
        marketTime: async () => T0,
        workflowLink,
      }),
      halts: createHaltService({
        repositories,
        workflows,
        workflowLink,
        logger: createLogger('api-test', 'silent'),
      }),
      portfolio: createPortfolioService(repositories),
      reconciliation: createReconciliationService({ repositories, workflows, workflowLink }),
      closing: createCloseService(asking),
      placing: createPlaceService({
        ...asking,
        instrument: async () => createInstrument({ exchange: 'binance' }),
      }),
      workflows,
      decisions: decisionRepository(this),
      builds: createBuildService({
        audit,
        versioned: this.builds && {
          deployment: 'keel',
          deployments: deployments(this.builds),
        },
      }),
      studies: createStudyService({
        ...{ workflowLink, registry: defaultRegistry() },
        repositories: { studies: studyRepository(this), audit },
        door: studyDoor(this),
      }),
      users: userRepository(this),
      tokens: this.tokens,
      probes: { postgres: probe('postgres'), temporal: probe('temporal'), bus: probe('bus') },
      logger: createLogger('api-test', 'silent'),
      encryption,
      ...(loginsPerMinute === undefined ? {} : { limits: { loginsPerMinute } }),
    });
  }

  /** An Authorization header of someone in that role. */
  async as(role: Role): Promise<string> {
    return `Bearer ${await this.tokens.issue({ name: `a-${role}`, role })}`;
  }
}
