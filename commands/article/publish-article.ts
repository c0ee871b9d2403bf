import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { idSchema } from '../../domain/_kernel/ids.ts';
import { instantInputSchema, instantSchema, toInstant } from '../../domain/_kernel/time.ts';
import { publishArticle as decidePublish } from '../../domain/article/decide.ts';
import { article } from '../../domain/article/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

export const publishArticle = defineCommand({
  name: 'publish-article',
  summary: 'Publish an article',
  description: 'Makes a draft visible, now or at a time.',
  tag: 'Articles',
  path: '/v1/articles/:articleId/publish',
  permission: roles('staff', 'admin'),
  params: z.strictObject({ articleId: idSchema('art') }),
  body: z.strictObject({
    publishAt: instantInputSchema
      .optional()
      .meta({ description: 'When it becomes visible; left out: now' }),
  }),
  reply: z.strictObject({
    id: idSchema('art'),
    status: z.enum(['published']),
    visibleFrom: instantSchema,
  }),
  status: 200,
  ifMatch: 'optional',
  refusals: ['not-found', 'already-published'],
  example: {
    params: { articleId: exampleIds.articleId },
    body: {},
    reply: {
      id: exampleIds.articleId,
      status: 'published',
      visibleFrom: '2027-04-01T08:00:00.000Z',
    },
  },
  execute: async ({ decide }, { params: { articleId }, body }, { now }) => {
    const visibleFrom = body.publishAt === undefined ? now : toInstant(body.publishAt);
    const { events } = await decide(article, articleId, {
      decide: (state) => decidePublish(state, { visibleFrom }),
    });
    const published = events.find((event) => event.type === 'ArticlePublished');
    if (published === undefined)
      throw new RangeError(`${articleId} was not published by this command`);
    return { id: articleId, status: 'published' as const, visibleFrom: published.data.visibleFrom };
  },
});
