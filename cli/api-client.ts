/** The CLI's way to the API: JSON over fetch, failures as `CliError` with a stable exit code. */
import { z } from 'zod';

/** Part of the command's contract: scripts rely on them. */
export const EXIT = {
  ok: 0,
  failure: 1,
  usage: 2,
  notFound: 3,
  conflict: 4,
  forbidden: 5,
  unavailable: 6,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Ends the command: what a person reads, and what a script gets. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly code: string;

  constructor(exitCode: ExitCode, code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.code = code;
  }
}

const failureBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/**
 * What the API refuses as input (400) is a usage error of the command, and so is an order off the venue's filters;
 * what else it may not do (422) depends on limits, funds and halts: on the state.
 */
function exitCodeOf(status: number, code?: string): ExitCode {
  switch (status) {
    case 400:
      return EXIT.usage;
    case 422:
      return code?.startsWith('FILTER_') === true ? EXIT.usage : EXIT.conflict;
    case 401:
    case 403:
      return EXIT.forbidden;
    case 404:
      return EXIT.notFound;
    case 409:
      return EXIT.conflict;
    case 429:
    case 502:
    case 503:
    case 504:
      return EXIT.unavailable;
    default:
      return EXIT.failure;
  }
}

export interface ApiClient {
  readonly url: string;
  get<S extends z.ZodType>(path: string, schema: S): Promise<z.infer<S>>;
  post<S extends z.ZodType>(path: string, body: unknown, schema: S): Promise<z.infer<S>>;
}

const TIMEOUT_MS = 15_000;

export function createApiClient(url: string, token?: string): ApiClient {
  async function send(method: string, path: string, body?: unknown): Promise<Response> {
    try {
      return await fetch(url + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      const cause =
        error instanceof Error && error.cause instanceof Error
          ? error.cause.message
          : String(error);
      throw new CliError(
        EXIT.unavailable,
        'UNAVAILABLE',
        `no answer from ${url} (${cause}). Is Keel running (npm start)? KEEL_API_URL says where it is.`,
        error,
      );
    }
  }

  async function ask<S extends z.ZodType>(
    method: string,
    path: string,
    schema: S,
    body?: unknown,
  ): Promise<z.infer<S>> {
    const response = await send(method, path, body);
    const text = await response.text();
    const json = parseJson(text);
    // /ready tells what is wrong in a body of its own, with status 503.
    const own = schema.safeParse(json);
    if (own.success && (response.ok || response.status === 503)) return own.data;
    const failure = failureBody.safeParse(json);
    if (failure.success && !response.ok) {
      const { code, message } = failure.data.error;
      throw new CliError(exitCodeOf(response.status, code), code, message);
    }
    throw new CliError(
      response.ok ? EXIT.failure : exitCodeOf(response.status),
      'INTERNAL',
      `${method} ${url}${path} answered ${String(response.status)} with something this command does not understand: ${text.slice(0, 200)}`,
    );
  }

  return {
    url,
    get: (path, schema) => ask('GET', path, schema),
    post: (path, body, schema) => ask('POST', path, schema, body),
  };
}

/** Undefined for what is no JSON: the caller tells the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
