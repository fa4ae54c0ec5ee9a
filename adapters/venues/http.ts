/**
 * One HTTP request to a venue, answered raw: status, headers, text. Nothing is thrown for what the venue
 * says, and no retry is made: what an answer means is decided by the venue's own table (`error-codes.ts`).
 */

export interface HttpRequest {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: string | undefined;
  /** For the whole exchange, the body included. */
  readonly timeoutMs: number;
}

export type HttpAnswer =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Headers;
      readonly text: string;
      /** The text parsed as JSON, undefined where it is none. */
      readonly json: unknown;
    }
  /** No answer came: refused, cut, or too slow. The venue may have acted all the same. */
  | { readonly kind: 'silence'; readonly reason: string };

/** Never rejects. */
export async function askHttp(request: HttpRequest): Promise<HttpAnswer> {
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: { ...request.headers },
      ...(request.body === undefined ? {} : { body: request.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(request.timeoutMs),
    });
    const text = await response.text();
    return {
      kind: 'answer',
      status: response.status,
      headers: response.headers,
      text,
      json: parseJson(text),
    };
  } catch (error) {
    return { kind: 'silence', reason: reasonOf(error, request.timeoutMs) };
  }
}

/** Undefined for what is no JSON, such as the HTML page of a proxy in between. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no answer within ${String(timeoutMs)} ms`;
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
