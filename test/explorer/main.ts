/**
 * `npm run explore -- [--schedules N] [--seed S] [--only "<name>"] [--guards]`: what can become of an order
 * or, with --guards, of a guarded position, in one process with a virtual clock. Prints how many different schedules were played and what broke; exit code 1
 * where an invariant broke, with the name that repeats it.
 */
import { parseArgs } from 'node:util';
import { explore } from './explore.ts';
import { exploreGuards } from './guard-explore.ts';

function wholeNumber(text: string, flag: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${flag} takes a whole number of 0 or more, not "${text}"\n`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    guards: { type: 'boolean', default: false },
  },
});
const { only } = values;
const startedAt = performance.now();
const { distinct, schedules, failures } = await (values.guards ? exploreGuards : explore)({
  drawn: wholeNumber(values.schedules, 'schedules'),
  seed: wholeNumber(values.seed, 'seed'),
  mostFailures: 5,
  ...(only === undefined ? {} : { only }),
});
for (const { name, violations, trace } of failures) {
  process.stdout.write(`\n${name}\n  ${violations.join('\n  ')}\n`);
  if (only !== undefined) process.stdout.write(`  trace:\n    ${trace.join('\n    ')}\n`);
}
const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
process.stdout.write(
  `${String(schedules)} schedules, ${String(distinct)} of them different, ` +
    `${String(failures.length)} broke an invariant (${seconds} s)\n`,
);
if (failures.length > 0) {
  const guards = values.guards ? '--guards ' : '';
  process.stdout.write(`Repeat one with its trace: npm run explore -- ${guards}--only "<name>"\n`);
  process.exitCode = 1;
}
