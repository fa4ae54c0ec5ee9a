/** The door to recorded decisions. */
import type { RecordedDecision } from '../core/decision.ts';

export interface DecisionQuery {
  /** Wall clock of the admission, ms UTC, both inclusive. */
  readonly since: number;
  readonly until: number;
  readonly limit: number;
  /** Order id to continue after. */
  readonly after?: string | undefined;
}

export interface DecisionRepository {
  /** Oldest first. Throws NOT_FOUND where `after` names no order. */
  list(query: DecisionQuery): Promise<readonly RecordedDecision[]>;
}
