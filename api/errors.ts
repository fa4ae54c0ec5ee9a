/** The one error shape, `{error: {code, message, details?}}`, and the one place that makes it. */
import type { ErrorRequestHandler, RequestHandler } from 'express';
import { z } from 'zod';
import { ERROR_CODES, KeelError, type ErrorCode } from '../core/errors.ts';
import type { Logger } from '../observability/logger.ts';

export const errorBodySchema = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
      message: z.string(),
      details: z.record(z.string(), z.unknown()).optional(),
    }),
  })
  .meta({ id: 'Error', description: 'The shape of every answer that is not 2xx.' });
export type ErrorBody = z.infer<typeof errorBodySchema>;

const STATUS: Partial<Record<ErrorCode, number>> = {
  INVALID_INPUT: 400,
  CONFIG_INVALID: 400,
  STRATEGY_UNKNOWN: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  NOT_FOUND: 404,
  CONFLICT: 409,
  FENCED: 409,
  RATE_LIMITED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  VENUE_UNAVAILABLE: 503,
};

/** HTTP status of one of our codes; what is ours to refuse but has no status of its own is 422. */
function statusOf(code: ErrorCode): number {
  return STATUS[code] ?? (ERROR_CODES[code].retryable ? 503 : 422);
}

/** Every zod problem at once, as `where: what` lines. Throws KeelError INVALID_INPUT. */
export function parseInput<S extends z.ZodType>(
  schema: S,
  input: unknown,
  part: string,
): z.infer<S> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const problems = result.error.issues.map(
    ({ path, message }) => `${[part, ...path].join('.')}: ${message}`,
  );
  throw new KeelError(
    'INVALID_INPUT',
    `the request has ${String(problems.length)} fault(s): ${problems.join('; ')}`,
    {
      details: { problems },
    },
  );
}

export const notFound: RequestHandler = (request) => {
  throw new KeelError(
    'NOT_FOUND',
    `there is no ${request.method} ${request.path}; /openapi.json lists what there is`,
  );
};

/** What express and its body parser throw: an error that carries an HTTP status. */
function isHttpError(error: unknown): error is Error & { status: number; type?: string } {
  return error instanceof Error && 'status' in error && typeof error.status === 'number';
}

function toKeelError(error: unknown): KeelError {
  if (error instanceof KeelError) return error;
  if (isHttpError(error)) {
    if (error.type === 'entity.parse.failed') {
      return new KeelError('INVALID_INPUT', `the body is not valid JSON: ${error.message}`);
    }
    if (error.status < 500) return new KeelError('INVALID_INPUT', error.message);
  }
  // The cause is for the log, not for the caller.
  return new KeelError('INTERNAL', 'a defect of ours; the log of the api process tells more', {
    cause: error,
  });
}

/** The last middleware. Logs what is our fault; tells the caller the rest. */
export function errorMiddleware(logger: Logger): ErrorRequestHandler {
  return (thrown: unknown, request, response, next) => {
    if (response.headersSent) {
      next(thrown);
      return;
    }
    const error = toKeelError(thrown);
    const status = isHttpError(thrown) && thrown.status === 413 ? 413 : statusOf(error.code);
    if (status >= 500) {
      logger.error({ err: thrown, method: request.method, path: request.path }, 'request_failed');
    }
    if (status === 401) response.set('WWW-Authenticate', 'Bearer');
    if (error.retryAfterMs !== undefined) {
      response.set('Retry-After', String(Math.ceil(error.retryAfterMs / 1000)));
    }
    const body: ErrorBody = {
      error: {
        code: error.code,
        message: error.message,
        ...(error.details === undefined ? {} : { details: { ...error.details } }),
      },
    };
    response.status(status).json(body);
  };
}
