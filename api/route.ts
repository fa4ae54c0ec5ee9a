/**
 * A route is one object: what it takes and gives as zod schemas, who may call it, and what it does. The
 * express handler and the OpenAPI document are both made from it, so they cannot tell two stories.
 */
import { Router, type Request } from 'express';
import type { z } from 'zod';
import type { Role } from '../adapters/repositories.ts';
import { KeelError } from '../core/errors.ts';
import type { Caller, Tokens } from './auth.ts';
import { parseInput } from './errors.ts';

export const EVERYONE: readonly Role[] = ['viewer', 'trader', 'risk', 'admin'];
/** Those who may open as well as close. */
export const TRADERS: readonly Role[] = ['trader', 'admin'];
/** Those who may make risk smaller: stop, cancel, close. */
export const REDUCERS: readonly Role[] = ['trader', 'risk', 'admin'];
/** Those who answer for risk: lift a halt, approve what is over a limit. */
export const RISK_OWNERS: readonly Role[] = ['risk', 'admin'];

export const ADMINS: readonly Role[] = ['admin'];

export interface RouteInput<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
}

interface Shape {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/orders/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly status: 200 | 201 | 202;
  /** HTTP codes it may answer besides 200s, 400, 401, 403 and 429. */
  readonly fails?: readonly (404 | 409 | 422 | 503)[];
}

export interface RouteSpec<
  P extends z.ZodType,
  Q extends z.ZodType,
  B extends z.ZodType,
  R extends z.ZodType,
> extends Shape {
  /** Empty: open to all, without a token. */
  readonly roles: readonly Role[];
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly response: R;
  handle(
    input: RouteInput<z.infer<P>, z.infer<Q>, z.infer<B>>,
    caller: Caller,
  ): Promise<z.infer<R>>;
  /** Where the answer itself decides the status. */
  statusFor?(answer: z.infer<R>): number;
  /** A cookie that comes with the answer. */
  cookieFor?(answer: z.infer<R>): string | undefined;
}

/** A route with its types worn off: what the router and the document need. */
export interface Route extends Shape {
  readonly roles: readonly Role[];
  readonly schemas: {
    readonly params: z.ZodType | undefined;
    readonly query: z.ZodType | undefined;
    readonly body: z.ZodType | undefined;
    readonly response: z.ZodType;
  };
  answer(request: Pick<Request, 'params' | 'query' | 'body'>, caller: Caller): Promise<Answer>;
}

interface Answer {
  readonly status: number;
  readonly cookie: string | undefined;
  readonly body: unknown;
}

export function route<
  R extends z.ZodType,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: RouteSpec<P, Q, B, R>): Route {
  const {
    params,
    query,
    body,
    response,
    method,
    path,
    tag,
    summary,
    status,
    roles,
    fails = [],
  } = spec;
  return {
    method,
    path,
    tag,
    summary,
    status,
    roles,
    fails,
    schemas: { params, query, body, response },
    async answer(request, caller) {
      const input = {
        params: parsePart(params, request.params, 'path'),
        query: parsePart(query, request.query, 'query'),
        body: parsePart(body, request.body ?? {}, 'body'),
      };
      const answer = await spec.handle(input, caller);
      return {
        status: spec.statusFor?.(answer) ?? spec.status,
        cookie: spec.cookieFor?.(answer),
        body: answer,
      };
    },
  };
}

/** A route that needs no token. */
export function openRoute<
  R extends z.ZodType,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(spec: Omit<RouteSpec<P, Q, B, R>, 'roles'>): Route {
  return route({ ...spec, roles: [] });
}

/** What a route does not ask for is not looked at. */
function parsePart<S extends z.ZodType>(
  schema: S | undefined,
  input: unknown,
  part: string,
): z.infer<S> {
  return schema === undefined ? (undefined as z.infer<S>) : parseInput(schema, input, part);
}

async function authenticate(request: Request, tokens: Tokens): Promise<Caller> {
  const [scheme, token] = (request.get('authorization') ?? '').split(' ');
  if (scheme?.toLowerCase() !== 'bearer' || token === undefined || token === '') {
    throw new KeelError(
      'UNAUTHENTICATED',
      'no token: send `Authorization: Bearer <token>`; POST /login gives one',
    );
  }
  return tokens.verify(token);
}

/** Mounts the routes; each checks token, role and input, in this order. */
export function routerOf(routes: readonly Route[], tokens: Tokens): Router {
  const router = Router();
  for (const entry of routes) {
    const path = entry.path.replaceAll(/\{(\w+)\}/g, ':$1');
    router[entry.method](path, async (request, response) => {
      const caller = entry.roles.length === 0 ? NOBODY : await admit(request, entry, tokens);
      const { status, cookie, body } = await entry.answer(request, caller);
      if (cookie !== undefined) response.set('Set-Cookie', cookie);
      response.status(status).json(body);
    });
  }
  return router;
}

/** Who calls an open route. */
const NOBODY: Caller = { name: 'nobody', role: 'viewer' };

async function admit(request: Request, entry: Route, tokens: Tokens): Promise<Caller> {
  const caller = await authenticate(request, tokens);
  if (entry.roles.includes(caller.role)) return caller;
  throw new KeelError(
    'FORBIDDEN',
    `${caller.name} is a ${caller.role}; ${entry.method.toUpperCase()} ${entry.path} needs one of: ${entry.roles.join(', ')}`,
  );
}
