/** /studies: searches of parameters that research workers carry out */
import { z } from 'zod';
import { studySpecSchema } from '../../workers/study-spec.ts';
import { EVERYONE, route, TRADERS, type Route } from '../route.ts';
import { next, studyQuerySchema } from '../schemas.ts';
import type { StudyService } from '../services/study-service.ts';

const tag = 'studies';

const byId = z.object({ id: z.string().min(1) });
/** Part of a workflow id and of addresses. */
const studyId = z.string().regex(/^[\w.-]{1,100}$/, 'expected 1 to 100 of A-Z a-z 0-9 _ . -');
const newStudySchema = z.strictObject({ id: studyId.optional(), spec: studySpecSchema });
const wordSchema = z.strictObject({ reason: z.string().min(1).max(500).optional() });

export const studySchema = z
  .object({
    studyId: z.string(),
    spec: studySpecSchema,
    askedBy: z.string(),
    status: z.enum(['running', 'paused', 'done', 'failed', 'cancelled']),
    /** Why it is paused, failed or cancelled. */
    reason: z.string().nullable(),
    reasonCode: z.string().nullable(),
    tried: z.int(),
    failed: z.int(),
    /** In sample, so far. */
    best: z
      .object({
        number: z.int(),
        parameters: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
        score: z.number().nullable(),
      })
      .nullable(),
    createdAt: z.int(),
    endedAt: z.int().nullable(),
    workflowUrl: z.string(),
  })
  .meta({ id: 'Study' });
export type StudyBody = z.infer<typeof studySchema>;
export const studyPageSchema = z
  .object({ studies: z.array(studySchema).readonly(), next })
  .meta({ id: 'StudyPage' });

/** As `keel optimize --json` prints it. */
export const studyReportSchema = z
  .looseObject({
    best: z.array(z.unknown()),
    trials: z.array(z.unknown()),
    warnings: z.array(z.string()),
  })
  .meta({ id: 'StudyReport' });

export function studyRoutes(service: StudyService): readonly Route[] {
  const told = (verb: 'pause' | 'resume' | 'cancel', summary: string): Route =>
    route({
      method: 'post',
      path: `/studies/{id}/${verb}`,
      ...{ tag, summary, status: 202, fails: [404, 409, 503], roles: TRADERS },
      params: byId,
      body: wordSchema,
      response: studySchema,
      handle: ({ params, body }, caller) =>
        service.tell(params.id, verb, { by: caller.name, reason: body.reason }),
    });
  return [
    route({
      method: 'post',
      path: '/studies',
      tag,
      summary: 'Search the parameters of a strategy; bars come from the library of the workers',
      status: 202,
      fails: [409, 503],
      roles: TRADERS,
      body: newStudySchema,
      response: studySchema,
      handle: ({ body }, caller) => service.start(body, caller.name),
    }),
    route({
      method: 'get',
      path: '/studies',
      tag,
      summary: 'Studies, newest first, with how far they are, a page at a time',
      status: 200,
      fails: [404],
      roles: EVERYONE,
      query: studyQuerySchema,
      response: studyPageSchema,
      handle: ({ query }) => service.list(query),
    }),
    route({
      method: 'get',
      path: '/studies/{id}',
      tag,
      summary: 'One study: how far it is, and its best so far',
      status: 200,
      fails: [404],
      roles: EVERYONE,
      params: byId,
      response: studySchema,
      handle: ({ params }) => service.get(params.id),
    }),
    route({
      method: 'get',
      path: '/studies/{id}/report',
      tag,
      summary: 'What a study found, once it is done',
      status: 200,
      fails: [404, 409],
      roles: EVERYONE,
      params: byId,
      response: studyReportSchema,
      handle: async ({ params }) => studyReportSchema.parse(await service.report(params.id)),
    }),
    told('pause', 'Begin no more trials; those under way finish'),
    told('resume', 'Go on with a paused study'),
    told('cancel', 'End a study; what was tried is kept'),
  ];
}
