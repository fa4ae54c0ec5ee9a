/** The kill switch: a halt is a row first, in force at once; Temporal only cleans up after it. */
import type { Halt, Repositories } from '../../adapters/repositories.ts';
import type { Workflows } from '../../adapters/temporal/workflows.ts';
import { KeelError } from '../../core/errors.ts';
import type { Logger } from '../../observability/logger.ts';
import { haltWorkflowId } from '../../workflows/halt-names.ts';
import { pageOf } from '../paging.ts';
import type { HaltBody, HaltPageQuery, NewHaltBody } from '../schemas.ts';

export interface HaltServiceDeps {
  readonly repositories: Pick<Repositories, 'halts' | 'strategies' | 'audit'>;
  readonly workflows: Pick<Workflows, 'startHalt'>;
  /** Its page in the Temporal web UI. */
  workflowLink(workflowId: string): string;
  readonly logger: Logger;
}

export interface HaltService {
  list(query: HaltPageQuery): Promise<{ halts: readonly HaltBody[]; next: string | null }>;
  /** Throws NOT_FOUND for a strategy that does not exist. */
  set(body: NewHaltBody, by: string): Promise<HaltBody>;
  /** Throws NOT_FOUND, or CONFLICT where it is lifted already. */
  resume(id: number, reason: string, by: string): Promise<HaltBody>;
}

export function createHaltService(deps: HaltServiceDeps): HaltService {
  const { halts, strategies, audit } = deps.repositories;
  const show = (halt: Halt): HaltBody => ({
    ...halt,
    workflowUrl: deps.workflowLink(haltWorkflowId(halt.id)),
  });

  return {
    async list({ limit, after }) {
      const { rows, next } = await pageOf(
        limit,
        (most) => halts.list({ limit: most, after }),
        ({ id }) => String(id),
      );
      return { halts: rows.map(show), next };
    },

    async set({ scope, target, reason, flatten }, by) {
      if (scope === 'strategy') await strategies.get(target);
      const halt = await halts.set({ scope, target, reason, setBy: by, flatten });
      const { id } = halt;
      await audit.write({
        actor: by,
        action: 'halt.set',
        target: String(id),
        detail: { scope, target, reason, flatten },
      });
      try {
        await deps.workflows.startHalt({ haltId: id }, `halt of ${scope} ${target}: ${reason}`);
      } catch (error) {
        // The row stops every send; an orders worker begins the cleaning up once Temporal is there.
        deps.logger.error({ err: error, halt_id: id }, 'halt_cleaning_up_not_started');
      }
      return show(halt);
    },

    async resume(id, reason, by) {
      const { liftedBy } = await halts.get(id);
      if (liftedBy !== null) {
        throw new KeelError('CONFLICT', `halt ${String(id)} was lifted by ${liftedBy} already`);
      }
      await audit.write({
        actor: by,
        action: 'halt.lift',
        target: String(id),
        detail: { reason },
      });
      return show(await halts.lift(id, by, reason));
    },
  };
}
