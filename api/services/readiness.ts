/** Whether what the API needs answers, each told on its own. */
import type { Ready } from '../schemas.ts';

/** Resolves when the server answers, rejects with the reason. */
export type Probe = () => Promise<void>;

const PROBE_TIMEOUT_MS = 3_000;

async function probe(run: Probe): Promise<{ ok: boolean; detail: string }> {
  const overdue = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    overdue.reject(new Error(`no answer within ${String(PROBE_TIMEOUT_MS)} ms`));
  }, PROBE_TIMEOUT_MS);
  try {
    await Promise.race([run(), overdue.promise]);
    return { ok: true, detail: 'answers' };
  } catch (error) {
    return { ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

export async function readiness(probes: Readonly<Record<string, Probe>>): Promise<Ready> {
  const checks = Object.fromEntries(
    await Promise.all(
      Object.entries(probes).map(async ([name, run]) => [name, await probe(run)] as const),
    ),
  );
  return { ready: Object.values(checks).every(({ ok }) => ok), checks };
}
