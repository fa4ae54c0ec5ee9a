/** What the API's tests look at in an answer, typed. */
import type { Test } from 'supertest';

/** The members of any answer that these tests look at. */
export interface Body {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: { readonly problems: string[]; readonly issues: string[] };
  };
  readonly token: string;
  readonly id: string;
  readonly signalId: string;
  readonly orderId: string;
  readonly status: string;
  readonly next: string | null;
  readonly ready: boolean;
  readonly strategies: unknown[];
  readonly studyId: string;
  readonly studies: unknown[];
  readonly orders: unknown[];
  readonly positions: unknown[];
  readonly balances: unknown[];
  readonly total: unknown;
  readonly types: {
    readonly type: string;
    readonly configSchema: { readonly properties: object };
  }[];
  readonly openapi: string;
  readonly components: { readonly schemas: object };
  readonly paths: Record<
    string,
    Record<string, { readonly parameters?: { readonly name: string }[] }>
  >;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly text: string;
  readonly body: Body;
}

export async function ask(test: Test): Promise<Answer> {
  const { status, headers, text, body } = await test;
  return { status, headers, text, body };
}
