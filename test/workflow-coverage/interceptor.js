/** Part of the instrumented bundle: after each activation, a workflow hands out what it has run since the last. */
import { proxySinks } from '@temporalio/workflow';

const { coverage } = proxySinks();

/** Counts from zero again. */
function startOver({ s, f, b }) {
  for (const id of Object.keys(s)) s[id] = 0;
  for (const id of Object.keys(f)) f[id] = 0;
  for (const counts of Object.values(b)) counts.fill(0);
}

export function interceptors() {
  return {
    internals: [
      {
        concludeActivation(input, next) {
          const seen = globalThis.__coverage__ ?? {};
          coverage.add(JSON.parse(JSON.stringify(seen)));
          for (const file of Object.values(seen)) startOver(file);
          return next(input);
        },
      },
    ],
  };
}
