/** Who did what: appended, never changed. */
import type { AuditRepository } from '../repositories.ts';
import type { Queryable } from './database.ts';

export function createAuditRepository(db: Queryable, now: () => number): AuditRepository {
  return {
    async write({ actor, action, target, detail }) {
      await db
        .insertInto('audit_log')
        .values({ at: now(), actor, action, target, detail: JSON.stringify(detail ?? {}) })
        .execute();
    },
  };
}
