/** How an order ends, and why: what its leg, a cancel or a failed step says, in our codes. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/common';
import type { FinalState } from '../activities/order-activities.ts';
import { ERROR_CODES, type ErrorCode } from '../core/errors.ts';
import type { LegView } from '../core/order.ts';

export interface CancelRequest {
  /** User name, or what in Keel asks. */
  readonly by: string;
  readonly reason?: string;
}

/** The end of an order whose leg has finished (or that never had one). */
export function finalStateOf(leg: LegView | null, cancel: CancelRequest | null): FinalState {
  if (leg === null) return { state: 'done' };
  const code = errorCodeOf(leg.errorCode);
  const why = {
    ...(code === undefined ? {} : { reasonCode: code }),
    ...(leg.errorMessage === null ? {} : { reason: leg.errorMessage }),
  };
  if (leg.state === 'rejected') return { state: 'done', ...why };
  if (leg.venueOrderId === null) {
    if (code === 'SIGNAL_EXPIRED') return { state: 'expired', ...why };
    if (code === 'HALTED') return { state: 'denied', ...why };
    if (code === 'SIGNAL_SUPERSEDED') return { state: 'superseded', ...why };
  }
  return leg.state === 'cancelled' && cancel !== null
    ? { state: 'done', reason: cancelReason(cancel) }
    : { state: 'done' };
}

export function cancelReason(cancel: CancelRequest | null): string {
  if (cancel === null) return 'cancelled';
  return `cancelled by ${cancel.by}${cancel.reason === undefined ? '' : `: ${cancel.reason}`}`;
}

/**
 * Whether a step's failure came in place of its cancel: one that fails while it is being cancelled is not tried
 * again, so it says nothing that trying again would not have.
 */
export function gaveWay(error: unknown): boolean {
  return error instanceof ActivityFailure && error.retryState === 'CANCEL_REQUESTED';
}

/**
 * Code and message of a failed step. Anything but a step's failure goes on up: continue-as-new, and defects
 * of the workflow itself, which retry its task until a fixed version is deployed.
 */
export function failureOf(error: unknown): {
  readonly reasonCode: ErrorCode;
  readonly reason: string;
} {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure) {
    return { reasonCode: errorCodeOf(cause.type) ?? 'INTERNAL', reason: cause.message };
  }
  if (error instanceof ActivityFailure) {
    return {
      reasonCode: 'INTERNAL',
      reason: cause instanceof Error ? cause.message : error.message,
    };
  }
  throw error;
}

function errorCodeOf(code: string | null | undefined): ErrorCode | undefined {
  return typeof code === 'string' && code in ERROR_CODES ? (code as ErrorCode) : undefined;
}
