/** Schedules of the namespace, by the name of what they start. */

/** How often each account is reconciled: two looks find what is not just on its way. */
export const RECONCILE_EVERY_MS = 120_000;

/** Id of an account's schedule, and of the workflows it starts (with a time behind it). */
export function reconcileId(accountId: string): string {
  return `reconcile:${accountId}`;
}
