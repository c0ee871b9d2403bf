export { type Access, anonymous, type Caller, publicAccess } from './auth.ts';
export {
  CONSISTENCY_TOKEN,
  decodeConsistencyToken,
  encodeConsistencyToken,
} from './consistency-token.ts';
export { type ErrorRule, named, on, retryLater } from './errors.ts';
export type { ReadinessCheck } from './health.ts';
export type { MatrixRow, Operation } from './operation.ts';
export { HttpProblem, httpProblems, joinProblems, type ProblemTable } from './problem.ts';
export { addressKey, type RateLimit, type RateLimits } from './rate-limit.ts';
export { idempotencyKeyFormat } from './reference.ts';
export { buildServer, collectMatrix, type ServerLimits } from './server.ts';
export { traceparentOf } from './trace.ts';
export { fieldErrors, type Issue, parsing } from './validation.ts';
