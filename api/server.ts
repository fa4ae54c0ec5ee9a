/** Puts the HTTP application together: protection in front, routes, the document and its page, errors last. */
import express, { type Express } from 'express';
import { rateLimit } from 'express-rate-limit';
import type { PayloadCodec } from '@temporalio/common';
import helmet from 'helmet';
import docsFolder from 'swagger-ui-dist/absolute-path.js';
import type { DecisionRepository } from '../adapters/decision-repository.ts';
import type { Workflows } from '../adapters/temporal/workflows.ts';
import { KeelError } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';
import { registry as metrics } from '../observability/metrics.ts';
import type { Tokens } from './auth.ts';
import { CODEC_PATH, codecCookie, codecGate } from './codec.ts';
import { errorMiddleware, notFound } from './errors.ts';
import { openApiDocument } from './openapi.ts';
import { routerOf } from './route.ts';
import { buildRoutes } from './routes/builds.ts';
import { codecRoutes } from './routes/codec.ts';
import { guardRoutes } from './routes/guards.ts';
import { haltRoutes } from './routes/halts.ts';
import { decisionRoutes } from './routes/decisions.ts';
import { openRoutes, type OpenRouteDeps } from './routes/open.ts';
import { orderRoutes } from './routes/orders.ts';
import { portfolioRoutes } from './routes/portfolio.ts';
import { reconciliationRoutes } from './routes/reconciliation.ts';
import { strategyRoutes } from './routes/strategies.ts';
import { studyRoutes } from './routes/studies.ts';
import { workflowRoutes } from './routes/workflows.ts';
import type { BuildService } from './services/build-service.ts';
import type { CloseService } from './services/close-service.ts';
import type { GuardService } from './services/guard-service.ts';
import type { HaltService } from './services/halt-service.ts';
import type { OrderService } from './services/order-service.ts';
import type { PlaceService } from './services/place-service.ts';
import type { PortfolioService } from './services/portfolio-service.ts';
import type { ReconciliationService } from './services/reconciliation-service.ts';
import type { StrategyService } from './services/strategy-service.ts';
import type { StudyService } from './services/study-service.ts';

export interface Services extends Omit<OpenRouteDeps, 'loginCookie'> {
  readonly strategies: StrategyService;
  readonly orders: OrderService;
  readonly halts: HaltService;
  readonly guards: GuardService;
  readonly portfolio: PortfolioService;
  readonly closing: CloseService;
  readonly placing: PlaceService;
  readonly reconciliation: ReconciliationService;
  readonly builds: BuildService;
  readonly studies: StudyService;
  readonly decisions: DecisionRepository;
  readonly workflows: Pick<Workflows, 'history'>;
  readonly tokens: Tokens;
  readonly logger: Logger;
  /** Where payloads are encrypted: what decodes them, and the page that may ask for it. */
  readonly encryption?: { readonly codec: PayloadCodec; readonly uiUrl: string } | undefined;
  readonly limits?: {
    /** Log-ins a minute and address. Default 10. */
    readonly loginsPerMinute?: number;
  };
}

const MINUTE_MS = 60_000;
/** Of one address. */
const REQUESTS_PER_MINUTE = 6_000;

function limit(perMinute: number, what: string) {
  return rateLimit({
    windowMs: MINUTE_MS,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: () => {
      throw new KeelError(
        'RATE_LIMITED',
        `more than ${String(perMinute)} ${what} a minute; wait and try again`,
        {
          retryAfterMs: MINUTE_MS,
        },
      );
    },
  });
}

/** Swagger's page comes with an example of its own: this one names our document. */
const DOCS_INITIALIZER = `window.onload = () => {
  window.ui = SwaggerUIBundle({
    url: '/openapi.json',
    dom_id: '#swagger-ui',
    presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
    layout: 'StandaloneLayout',
  });
};`;

export function createApp(services: Services): Express {
  const { logger, tokens, encryption } = services;
  const routes = [
    ...openRoutes({
      ...services,
      ...(encryption === undefined ? {} : { loginCookie: codecCookie }),
    }),
    ...strategyRoutes(services.strategies),
    ...decisionRoutes(services.decisions),
    ...orderRoutes(services.orders, services.placing),
    ...haltRoutes(services.halts),
    ...guardRoutes(services.guards),
    ...portfolioRoutes(services.portfolio, services.closing),
    ...reconciliationRoutes(services.reconciliation),
    ...buildRoutes(services.builds),
    ...studyRoutes(services.studies),
    ...workflowRoutes(services.workflows),
    ...(encryption === undefined ? [] : codecRoutes(encryption.codec)),
  ];
  const document = openApiDocument(routes);

  const app = express();
  app.disable('x-powered-by');
  // Plain http on the loopback: a browser told to upgrade would load nothing of the page.
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }));
  app.use(limit(REQUESTS_PER_MINUTE, 'requests'));
  app.use('/login', limit(services.limits?.loginsPerMinute ?? 10, 'log-ins'));
  if (encryption !== undefined) {
    // A page of history comes at once.
    app.use(CODEC_PATH, codecGate(encryption.uiUrl), express.json({ limit: '8mb' }));
  }
  app.use(express.json({ limit: '100kb' }));

  app.get('/openapi.json', (_request, response) => {
    response.json(document);
  });
  app.get('/docs/swagger-initializer.js', (_request, response) => {
    response.type('text/javascript').send(DOCS_INITIALIZER);
  });
  app.use('/docs', express.static(docsFolder()));
  app.get('/metrics', async (_request, response) => {
    response.type(metrics.contentType).send(await metrics.metrics());
  });
  app.use(routerOf(routes, tokens));
  app.use(notFound);
  app.use(errorMiddleware(logger));
  return app;
}
