/**
 * Who asks: passwords by scrypt with a salt each, tokens as JWT (HS256). Nothing here says what a role may
 * do; each route names its roles.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { errors, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { Role, SettingRepository, UserRepository } from '../adapters/repositories.ts';
import { KeelError } from '../core/errors.ts';

export const roleSchema = z.enum(['viewer', 'trader', 'risk', 'admin']);

/** Who a valid token speaks for. */
export interface Caller {
  readonly name: string;
  readonly role: Role;
}

const derive = promisify<
  string,
  Buffer,
  number,
  { N: number; r: number; p: number; maxmem: number },
  Buffer
>(scrypt);

/** OWASP's floor for scrypt is 2^17; 2^15 keeps a login under 100 ms on a small machine, with the rate limit in front. */
const COST = { N: 2 ** 15, r: 8, p: 1 };
const KEY_BYTES = 32;

async function hash(password: string, salt: Buffer, cost: typeof COST): Promise<Buffer> {
  return derive(password, salt, KEY_BYTES, { ...cost, maxmem: 256 * cost.N * cost.r });
}

/** `scrypt$N$r$p$salt$key`, salt and key in base64url. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await hash(password, salt, COST);
  return [
    'scrypt',
    COST.N,
    COST.r,
    COST.p,
    salt.toString('base64url'),
    key.toString('base64url'),
  ].join('$');
}

/** Compares in constant time. False for a hash of another shape. */
export async function verifyPassword(password: string, stored: string): Promise<boolean> {
  const [kind, n, r, p, salt, key] = stored.split('$');
  if (kind !== 'scrypt' || salt === undefined || key === undefined) return false;
  const expected = Buffer.from(key, 'base64url');
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  const given = await hash(password, Buffer.from(salt, 'base64url'), cost);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The hash a login with an unknown name is checked against, so that it takes as long as any other. */
const NOBODY = await hashPassword(randomBytes(16).toString('base64url'));

const ISSUER = 'keel';
const AUDIENCE = 'keel-api';

export interface Tokens {
  /** `lifetime` in jose's words, such as `12h`. */
  issue(caller: Caller, lifetime?: string): Promise<string>;
  /** Throws UNAUTHENTICATED. */
  verify(token: string): Promise<Caller>;
}

const claims = z.object({ sub: z.string().min(1), role: roleSchema });

/** Throws CONFIG_INVALID for a secret too short to sign with. */
export function createTokens(secret: string): Tokens {
  const key = new TextEncoder().encode(secret);
  if (key.length < 32) {
    throw new KeelError(
      'CONFIG_INVALID',
      'api.jwtSecret must have at least 32 characters; leave it empty to have one made',
    );
  }
  return {
    issue: ({ name, role }, lifetime = '12h') =>
      new SignJWT({ role })
        .setProtectedHeader({ alg: 'HS256' })
        .setSubject(name)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt()
        .setExpirationTime(lifetime)
        .sign(key),
    async verify(token) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: ['HS256'],
          issuer: ISSUER,
          audience: AUDIENCE,
        });
        const { sub, role } = claims.parse(payload);
        return { name: sub, role };
      } catch (error) {
        const why =
          error instanceof errors.JWTExpired ? 'the token has expired' : 'the token is not valid';
        throw new KeelError(
          'UNAUTHENTICATED',
          `${why}: log in again (POST /login, or \`keel login\`)`,
          {
            cause: error,
          },
        );
      }
    },
  };
}

/** The configured secret, or where empty one made once and kept in PostgreSQL. */
export async function signingSecret(
  configured: string,
  settings: SettingRepository,
): Promise<string> {
  if (configured !== '') return configured;
  return settings.getOrCreate('api.jwtSecret', () => randomBytes(32).toString('base64url'));
}

/** Throws UNAUTHENTICATED, in the same words and time whether the name or the password is wrong. */
export async function logIn(
  users: UserRepository,
  name: string,
  password: string,
): Promise<Caller> {
  const user = await users.find(name);
  const right = await verifyPassword(password, user?.passwordHash ?? NOBODY);
  if (user === null || !right) throw new KeelError('UNAUTHENTICATED', 'wrong name or password');
  return { name: user.name, role: user.role };
}

/** Makes user `admin` where there is no user yet; returns the password, this once only. */
export async function createFirstAdmin(
  users: UserRepository,
  now: number,
): Promise<string | undefined> {
  if ((await users.count()) > 0) return undefined;
  const password = randomBytes(18).toString('base64url');
  const passwordHash = await hashPassword(password);
  const added = await users.add({ name: 'admin', role: 'admin', passwordHash, createdAt: now });
  // Another process was first: its password counts.
  return added ? password : undefined;
}
