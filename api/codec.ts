/**
 * Lets the Temporal web UI show what is encrypted, to who may see it. The page calls us from its own origin,
 * so the browser asks for leave (CORS), which only `temporal.uiUrl` gets. It can send our token in two ways:
 * as `Authorization`, or, where it knows no token of ours, as the cookie that our log-in left in that browser
 * (the UI's codec setting "Include cross-origin credentials").
 */
import type { RequestHandler } from 'express';
import { KeelError } from '../core/errors.ts';

export const CODEC_PATH = '/api/codec';

const COOKIE = 'keel-codec';
const COOKIE_SECONDS = 12 * 3600;

/**
 * The log-in's token as a cookie that is sent to the codec endpoint alone, and from no other site's page. A
 * browser keeps cookies by host, not by port: UI and API must be opened under one host name.
 */
export function codecCookie(token: string): string {
  return `${COOKIE}=${token}; Path=${CODEC_PATH}; Max-Age=${String(COOKIE_SECONDS)}; HttpOnly; SameSite=Strict`;
}

function cookieToken(header: string | undefined): string | undefined {
  return header
    ?.split(';')
    .map((pair) => pair.trim().split('='))
    .find(([name]) => name === COOKIE)?.[1];
}

/** In front of the codec routes. Throws FORBIDDEN for a page of another origin than the UI's. */
export function codecGate(uiUrl: string): RequestHandler {
  const allowed = new URL(uiUrl).origin;
  return (request, response, next) => {
    const origin = request.get('origin');
    if (origin !== undefined && origin !== allowed) {
      throw new KeelError(
        'FORBIDDEN',
        `pages of ${origin} may not decode; temporal.uiUrl allows those of ${allowed}`,
      );
    }
    response.vary('Origin');
    if (origin !== undefined) {
      response.set({
        'Access-Control-Allow-Origin': allowed,
        'Access-Control-Allow-Credentials': 'true',
        'Access-Control-Allow-Methods': 'POST',
        'Access-Control-Allow-Headers':
          'Content-Type, X-Namespace, Authorization, Authorization-Extras',
        'Access-Control-Max-Age': '600',
      });
    }
    if (request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    const token = cookieToken(request.get('cookie'));
    if (token !== undefined) request.headers.authorization ??= `Bearer ${token}`;
    next();
  };
}
