import { describe, expect, it } from '@jest/globals';
import type { UserRecord, UserRepository } from '../adapters/repositories.ts';
import {
  createFirstAdmin,
  createTokens,
  hashPassword,
  logIn,
  signingSecret,
  verifyPassword,
} from './auth.ts';

function userRepository(users: Map<string, UserRecord> = new Map()): UserRepository {
  return {
    count: async () => users.size,
    add: async (user) => {
      if (users.has(user.name)) return false;
      users.set(user.name, user);
      return true;
    },
    find: async (name) => users.get(name) ?? null,
  };
}

describe('passwords', () => {
  it('are kept as salted hashes, a different one each time', async () => {
    const [one, two] = await Promise.all([hashPassword('secret'), hashPassword('secret')]);
    expect(one).not.toBe(two);
    expect(one).not.toContain('secret');
    expect(await verifyPassword('secret', one)).toBe(true);
    expect(await verifyPassword('Secret', one)).toBe(false);
  });

  it('match no hash of another shape', async () => {
    for (const stored of ['', 'secret', 'bcrypt$1$2$3$4$5', 'scrypt$16$8$1$c2FsdA']) {
      expect(await verifyPassword('secret', stored)).toBe(false);
    }
  });
});

describe('the first admin', () => {
  it('is made once, with a password that works', async () => {
    const users = userRepository();
    const password = await createFirstAdmin(users, 1);
    expect(password).toMatch(/^[\w-]{24}$/);
    expect(await logIn(users, 'admin', password ?? '')).toEqual({ name: 'admin', role: 'admin' });
    expect(await createFirstAdmin(users, 2)).toBeUndefined();
  });

  it("is not told when another process's was first", async () => {
    const users = { ...userRepository(), add: async () => false };
    expect(await createFirstAdmin(users, 1)).toBeUndefined();
  });
});

describe('tokens', () => {
  it('carry name and role, and end', async () => {
    const tokens = createTokens('a-secret-of-at-least-32-characters');
    const token = await tokens.issue({ name: 'ann', role: 'risk' });
    expect(await tokens.verify(token)).toEqual({ name: 'ann', role: 'risk' });
    const old = await tokens.issue({ name: 'ann', role: 'risk' }, '1s ago');
    await expect(tokens.verify(old)).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(/expired/),
    });
  });

  it('need a secret worth the name', () => {
    expect(() => createTokens('short')).toThrow(/32 characters/);
  });

  it('are signed with the configured secret, or with one made once', async () => {
    const kept = new Map<string, string>();
    const settings = {
      getOrCreate: async (key: string, value: () => string) => {
        const known = kept.get(key) ?? value();
        kept.set(key, known);
        return known;
      },
    };
    expect(await signingSecret('configured', settings)).toBe('configured');
    const made = await signingSecret('', settings);
    expect(made.length).toBeGreaterThanOrEqual(32);
    expect(await signingSecret('', settings)).toBe(made);
  });
});
