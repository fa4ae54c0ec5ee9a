import { describe } from '@jest/globals';
import { rateBudgetContract } from './rate-budget.contract.ts';
import { createMemoryRateBudget } from './rate-budget-memory.ts';

describe('the rate budget of one process', () => {
  rateBudgetContract((now) => Promise.resolve([createMemoryRateBudget(now)]));
});
