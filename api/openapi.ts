/** The OpenAPI 3.1 document, made from the routes and the schemas they check their input with. */
import {
  OpenApiGeneratorV31,
  OpenAPIRegistry,
  type RouteConfig,
} from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { errorBodySchema } from './errors.ts';
import type { Route } from './route.ts';

const ALWAYS = {
  400: 'Malformed input',
  401: 'No valid token',
  403: 'Role does not allow it',
  429: 'Too many requests',
};
const SOMETIMES = {
  404: 'No such thing',
  409: 'The state does not allow it',
  422: 'A filter or a risk rule refuses it',
  503: 'A server we need is away',
};

function failure(description: string): RouteConfig['responses'][string] {
  return { description, content: { 'application/json': { schema: errorBodySchema } } };
}

function failures(codes: Readonly<Record<number, string>>): RouteConfig['responses'] {
  return Object.fromEntries(Object.entries(codes).map(([code, text]) => [code, failure(text)]));
}

function isObject(schema: z.ZodType | undefined): schema is z.ZodObject {
  return schema instanceof z.ZodObject;
}

function describe(route: Route): RouteConfig {
  const { params, query, body, response } = route.schemas;
  const sometimes = Object.fromEntries((route.fails ?? []).map((code) => [code, SOMETIMES[code]]));
  return {
    method: route.method,
    path: route.path,
    tags: [route.tag],
    summary: route.summary,
    description: route.roles.length === 0 ? 'Open to all.' : `Roles: ${route.roles.join(', ')}.`,
    ...(route.roles.length === 0 ? {} : { security: [{ bearer: [] }] }),
    request: {
      ...(isObject(params) ? { params } : {}),
      ...(isObject(query) ? { query } : {}),
      ...(body === undefined
        ? {}
        : { body: { required: true, content: { 'application/json': { schema: body } } } }),
    },
    responses: {
      [route.status]: {
        description: 'Done',
        content: { 'application/json': { schema: response } },
      },
      ...failures(ALWAYS),
      ...failures(sometimes),
    },
  };
}

export type OpenApiDocument = ReturnType<OpenApiGeneratorV31['generateDocument']>;

/** `open`: the routes that need no token (log-in, health). */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const registry = new OpenAPIRegistry();
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'The token of POST /login.',
  });
  for (const route of routes) registry.registerPath(describe(route));
  return new OpenApiGeneratorV31(registry.definitions).generateDocument({
    openapi: '3.1.0',
    info: {
      title: 'Keel',
      version: '0.1.0',
      description:
        'Strategies, orders and money of a Keel house. Amounts are decimal strings, times are milliseconds UTC.',
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
  });
}
