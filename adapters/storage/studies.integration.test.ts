import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { testDatabase, type TestDatabase } from '../../test/database.ts';
import { describeWith } from '../../test/servers.ts';
import type { StudyRepository } from '../study-repository.ts';
import { createStudyRepository } from './studies.ts';

describeWith('postgres', 'studies', () => {
  let database: TestDatabase;
  let studies: StudyRepository;
  let now = 0;

  beforeAll(async () => {
    database = await testDatabase();
    studies = createStudyRepository(database.db, () => now);
  });
  afterAll(() => database.drop());

  it('come newest first, a page at a time, those of one moment too', async () => {
    for (const [studyId, createdAt] of [
      ['d', 1],
      ['a', 2],
      ['c', 2],
      ['b', 3],
    ] as const) {
      now = createdAt;
      await studies.create({ studyId, spec: {}, askedBy: 'ann' });
    }
    const ids = async (limit: number, after?: string): Promise<string[]> =>
      (await studies.list({ limit, after })).map(({ studyId }) => studyId);
    expect(await ids(9)).toEqual(['b', 'c', 'a', 'd']);
    expect(await ids(2)).toEqual(['b', 'c']);
    expect(await ids(2, 'c')).toEqual(['a', 'd']);
    expect(await ids(2, 'd')).toEqual([]);
    await expect(studies.list({ limit: 2, after: 'none' })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
  });
});
