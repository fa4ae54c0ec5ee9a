/** An `AuxRepository` over a list. */
import type { AuxRecord, AuxRepository } from '../../adapters/repositories.ts';

export function createMemoryAux(stored: AuxRecord[]): AuxRepository {
  const of = (name: string): AuxRecord[] =>
    stored.filter((value) => value.name === name).sort((a, b) => a.publishedAt - b.publishedAt);
  return {
    add: async (values) => {
      const isNew = ({ name, publishedAt }: AuxRecord): boolean =>
        !of(name).some((one) => one.publishedAt === publishedAt);
      stored.push(...values.filter(isNew));
    },
    after: async (name, at) => of(name).filter(({ publishedAt }) => publishedAt > at),
    newestAt: async (name) => of(name).at(-1)?.publishedAt ?? null,
  };
}
