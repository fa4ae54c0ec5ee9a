/** Schedules of the namespace, by the name of what they start. */

/** Id of an account's schedule, and of the workflows it starts (with a time behind it). */
export function reconcileId(accountId: string): string {
  return `reconcile:${accountId}`;
}
