/** The exits that guard a position, as its entry states them. `guardWorkflow` owns them; core/guard.ts decides. */
import { z } from 'zod';
import { positiveDecimal } from './decimal-strings.ts';

/** A price in quote, or a fraction of the average entry price (`"0.02"` is 2 % away, on the losing or winning side). */
const level = z.union([
  z.strictObject({ price: positiveDecimal }),
  z.strictObject({ fraction: positiveDecimal }),
]);
export type StopLevel = Readonly<z.infer<typeof level>>;

export const stopSpec = z
  .strictObject({
    stopLoss: level.optional(),
    takeProfit: level.optional(),
    /** Follows the best price since the position opened, at this fraction of it. */
    trailing: z.strictObject({ fraction: positiveDecimal }).optional(),
  })
  .refine((spec) => Object.values(spec).some((value) => value !== undefined), {
    error: 'expected at least one of stopLoss, takeProfit, trailing',
  });
export type StopSpec = Readonly<z.infer<typeof stopSpec>>;
