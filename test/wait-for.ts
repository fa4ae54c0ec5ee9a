import { expect } from '@jest/globals';

/** Fails the test where it does not come true within five seconds. */
export async function waitFor(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 250; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(condition()).toBe(true);
}
