/**
 * Where the read API shows what a command made: the path of a query that takes one parameter after
 * the noun the command's path ends with (`POST …/enrollments` → `GET /v1/enrollments/:enrollmentId`).
 */
export function locationTemplate(
  commandPath: string,
  readPaths: readonly string[],
): ((reply: unknown) => string | null) | null {
  const noun = commandPath.split('/').at(-1) ?? '';
  const path = readPaths.find((candidate) => new RegExp(`^/v1/${noun}/:\\w+$`).test(candidate));
  const parameter = path?.split(':')[1];
  if (path === undefined || parameter === undefined) return null;
  const member = parameter.endsWith('Id') ? 'id' : parameter;
  return (reply) => {
    if (typeof reply !== 'object' || reply === null || !(member in reply)) return null;
    const value = (reply as Record<string, unknown>)[member];
    if (typeof value !== 'string') return null;
    return path.replace(`:${parameter}`, encodeURIComponent(value));
  };
}
