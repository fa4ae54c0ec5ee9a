/** What needs no token: log-in, health and readiness. /metrics and /docs are mounted by server.ts. */
import { z } from 'zod';
import type { UserRepository } from '../../adapters/repositories.ts';
import { logIn, type Tokens } from '../auth.ts';
import { openRoute, type Route } from '../route.ts';
import { loginAnswerSchema, loginSchema, readySchema } from '../schemas.ts';
import { readiness, type Probe } from '../services/readiness.ts';

export interface OpenRouteDeps {
  readonly users: UserRepository;
  readonly tokens: Tokens;
  readonly probes: Readonly<Record<string, Probe>>;
  /** Makes the cookie that comes with a token; absent: none does. */
  readonly loginCookie?: (token: string) => string;
}

export function openRoutes({
  users,
  tokens,
  probes,
  loginCookie,
}: OpenRouteDeps): readonly Route[] {
  return [
    openRoute({
      method: 'post',
      path: '/login',
      tag: 'log-in',
      summary: 'A token for twelve hours',
      status: 200,
      body: loginSchema,
      response: loginAnswerSchema,
      async handle({ body }) {
        const caller = await logIn(users, body.name, body.password);
        return { token: await tokens.issue(caller), ...caller };
      },
      cookieFor: ({ token }) => loginCookie?.(token),
    }),
    openRoute({
      method: 'get',
      path: '/health',
      tag: 'process',
      summary: 'The process is up',
      status: 200,
      response: z.object({ status: z.literal('up') }),
      handle: () => Promise.resolve({ status: 'up' as const }),
    }),
    openRoute({
      method: 'get',
      path: '/ready',
      tag: 'process',
      summary: 'PostgreSQL, Temporal and the bus answer; 503 with the same body where one does not',
      status: 200,
      fails: [503],
      response: readySchema,
      handle: () => readiness(probes),
      statusFor: ({ ready }) => (ready ? 200 : 503),
    }),
  ];
}
