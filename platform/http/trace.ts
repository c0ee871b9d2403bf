import { freshBytes } from '../random.ts';

/** W3C Trace Context, level 1: version 00, and later ones by their first four parts. */
const TRACEPARENT = /^(?!ff)([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The trace id a request came with; null when it came with none that is valid. */
export function traceIdOf(header: string | readonly string[] | undefined): string | null {
  if (typeof header !== 'string' || header.length > 512) return null;
  const [, version, traceId = '', parentId = '', , rest] = TRACEPARENT.exec(header) ?? [];
  if (/^0*$/.test(traceId) || /^0*$/.test(parentId)) return null;
  return version === '00' && rest !== undefined ? null : traceId;
}

export function newTraceId(): string {
  return freshBytes(16).toString('hex');
}

/** What goes on to events and calls: the same trace, with a span of our own. */
export function traceparentOf(traceId: string): string {
  return `00-${traceId}-${freshBytes(8).toString('hex')}-01`;
}
