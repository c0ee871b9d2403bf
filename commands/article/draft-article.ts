import { z } from 'zod';
import { exampleIds } from '../../domain/_kernel/examples.ts';
import { type ArticleId, deriveId, idSchema } from '../../domain/_kernel/ids.ts';
import { isRejection, rejected } from '../../domain/_kernel/rejection.ts';
import { lineSchema, slugSchema, textSchema } from '../../domain/_kernel/text.ts';
import { draftArticle as decideDraft } from '../../domain/article/decide.ts';
import { article } from '../../domain/article/state.ts';
import { reserve } from '../../domain/reservation/decide.ts';
import { reservation } from '../../domain/reservation/state.ts';
import { defineCommand, roles } from '../_runtime/definition.ts';

export const draftArticle = defineCommand({
  name: 'draft-article',
  summary: 'Draft an article',
  tag: 'Articles',
  path: '/v1/articles',
  permission: roles('staff', 'admin'),
  params: z.strictObject({}),
  body: z.strictObject({
    slug: slugSchema.meta({ example: 'puppy-first-week' }),
    title: lineSchema(1, 200).meta({ example: "Your puppy's first week" }),
    summary: textSchema(0, 500).default('').meta({ example: 'Seven calm days.' }),
    body: textSchema(1, 100_000).meta({ example: 'Day one: sleep.' }),
    tags: z
      .array(slugSchema)
      .max(20)
      .default([])
      .meta({ example: ['puppies'] }),
    language: z
      .string()
      .regex(/^[a-z]{2}(-[A-Z]{2})?$/, { error: 'expected a language such as en or de-AT' })
      .default('en'),
  }),
  reply: z.strictObject({ id: idSchema('art'), slug: slugSchema, status: z.enum(['draft']) }),
  status: 201,
  refusals: ['slug-taken'],
  example: {
    params: {},
    body: {
      slug: 'puppy-first-week',
      title: "Your puppy's first week",
      summary: 'Seven calm days.',
      body: 'Day one: sleep.',
      tags: ['puppies'],
      language: 'en',
    },
    reply: { id: exampleIds.articleId, slug: 'puppy-first-week', status: 'draft' },
  },
  target: ({ body }) => body.slug,
  execute: async ({ decide, ports }, { body }, { commandId }) => {
    // As with e-mail addresses: the reservation names the article, and who is first in its stream has it.
    const { view: articleId } = await decide(
      reservation,
      `slug.${ports.secrets.blindIndex('slug', body.slug)}`,
      {
        decide: (state) =>
          state.owner === null
            ? reserve(state, {
                kind: 'slug',
                ownerId: deriveId('art', commandId),
                staleOwner: false,
              })
            : [],
        view: (state) => state.owner as ArticleId,
      },
    );
    await decide(article, articleId, {
      isNew: articleId === deriveId('art', commandId),
      decide: (state) => {
        const decision = decideDraft(state, { ...body, articleId });
        return isRejection(decision)
          ? rejected('slug-taken', 'Another article has this slug.')
          : decision;
      },
    });
    return { id: articleId, slug: body.slug, status: 'draft' as const };
  },
});
