/** Steps of a study in memory: `trials` in batches of eight, then the best two out of sample. */
import type { DueRun, StudyActivities } from '../../activities/study-activities.ts';
import type { StudyPart } from '../../adapters/study-repository.ts';

export interface FakeStudySteps {
  readonly activities: StudyActivities;
  /** `in sample 1`, in the order begun. */
  readonly ran: string[];
  /** Pauses, ends and reports, in their order; one carried out again, as a step may be, is told once. */
  readonly told: string[];
  /** Most runs that were under way at once. */
  atOnce: number;
}

const BATCH = 8;
const BEST = 2;

/** @param overrides steps that do something else */
export function fakeStudySteps(
  trials: number,
  overrides: Partial<StudyActivities> = {},
): FakeStudySteps {
  const done: Record<StudyPart, Set<number>> = {
    'in sample': new Set(),
    'out of sample': new Set(),
  };
  let underWay = 0;
  const left = (part: StudyPart, from: number, to: number): DueRun[] =>
    Array.from({ length: Math.max(to - from, 0) }, (_, index) => from + index + 1)
      .filter((number) => !done[part].has(number))
      .map((number) => ({ number, parameters: `fast=${String(number)}` }));
  const tell = (text: string): void => {
    if (steps.told.at(-1) !== text) steps.told.push(text);
  };
  const steps: FakeStudySteps = {
    ran: [],
    told: [],
    atOnce: 0,
    activities: {
      openStudy: async () => ({ most: trials }),
      nextRuns: async () => {
        const from = Math.floor(done['in sample'].size / BATCH) * BATCH;
        const runs = left('in sample', from, Math.min(from + BATCH, trials));
        if (runs.length > 0) return { part: 'in sample', runs };
        return { part: 'out of sample', runs: left('out of sample', 0, BEST) };
      },
      runTrial: async ({ number, part }) => {
        steps.ran.push(`${part} ${String(number)}`);
        underWay += 1;
        steps.atOnce = Math.max(steps.atOnce, underWay);
        await new Promise((resolve) => setTimeout(resolve, 20));
        underWay -= 1;
        done[part].add(number);
        return { score: number === 3 ? null : 10 - number, failed: number === 3 };
      },
      concludeStudy: async () => {
        tell('report');
      },
      pauseStudy: async ({ reason }) => {
        tell(reason ?? 'goes on');
      },
      endStudy: async ({ status, reason, reasonCode }) => {
        tell(`${status}: ${reason} ${reasonCode ?? ''}`.trim());
      },
      ...overrides,
    },
  };
  return steps;
}
