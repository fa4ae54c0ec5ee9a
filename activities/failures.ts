/**
 * How errors cross into Temporal: a KeelError becomes an ApplicationFailure whose `type` is its code, with
 * the venue's wait time as the next retry delay. Anything else is a defect of ours: INTERNAL, retried.
 */
import { ApplicationFailure, CancelledFailure, TemporalFailure } from '@temporalio/common';
import { KeelError } from '../core/errors.ts';

/** The failure that Temporal is told. Cancellation and ready-made failures pass as they are. */
export function toFailure(error: unknown): Error {
  if (error instanceof TemporalFailure || error instanceof CancelledFailure) return error;
  if (error instanceof KeelError) {
    return ApplicationFailure.create({
      message: error.message,
      type: error.code,
      nonRetryable: !error.retryable,
      cause: error,
      ...(error.details === undefined ? {} : { details: [error.details] }),
      ...(error.retryAfterMs === undefined ? {} : { nextRetryDelay: error.retryAfterMs }),
    });
  }
  const cause = error instanceof Error ? error : new Error(String(error));
  return ApplicationFailure.create({
    message: cause.message,
    type: 'INTERNAL',
    nonRetryable: false,
    cause,
  });
}

/** Wraps every activity of a set, so that none can let a raw error through. */
export function withFailures<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]: [string, unknown]) => {
    if (typeof activity !== 'function') throw new TypeError(`activity ${name} is no function`);
    const run = async (...args: readonly unknown[]): Promise<unknown> => {
      try {
        return await (Reflect.apply(activity, undefined, args) as Promise<unknown>);
      } catch (error) {
        throw toFailure(error);
      }
    };
    return [name, run] as const;
  });
  return Object.fromEntries(wrapped) as T;
}
