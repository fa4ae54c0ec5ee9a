import { expect, it } from '@jest/globals';
import { buildIdOf } from './deployments.ts';

it('a build id is as configured, else a hash that changes with the code of the workflows', () => {
  expect(buildIdOf({ deployment: 'keel', buildId: '2026-07-01' }, 'code')).toBe('2026-07-01');
  const made = { deployment: 'keel', buildId: '' };
  expect(buildIdOf(made, 'code')).toMatch(/^[0-9a-f]{12}$/);
  expect(buildIdOf(made, 'code')).toBe(buildIdOf(made, 'code'));
  expect(buildIdOf(made, 'code')).not.toBe(buildIdOf(made, 'changed code'));
});
