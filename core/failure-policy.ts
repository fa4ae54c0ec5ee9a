/** What becomes of a strategy whose own code fails. Its open entries are cancelled in any case. */
import { z } from 'zod';

export const failurePolicy = z.discriminatedUnion('onFailure', [
  /** Its positions stay, under their guards. */
  z.strictObject({ onFailure: z.literal('stop') }),
  /** Its positions are closed. */
  z.strictObject({ onFailure: z.literal('flatten') }),
  /** It goes on from its last bar, at most so many times a run; then as `stop`. */
  z.strictObject({
    onFailure: z.literal('restart'),
    maxRestarts: z.int().min(1).max(100),
  }),
]);
export type FailurePolicy = Readonly<z.infer<typeof failurePolicy>>;
