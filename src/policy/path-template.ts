/** How the path of a SPIFFE ID is read: `/agent/{tenantId}/{agentId}`, a literal or a field for each segment. */
import { SPIFFE_ATTRIBUTES } from '../api/v1alpha1/index.ts';
import type { PathSegment } from '../identity.ts';

const MAX_LENGTH = 256;

/** @returns the segments, or what is wrong with the template */
export function parsePathTemplate(text: string): readonly PathSegment[] | string {
  if (text.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  if (!text.startsWith('/')) return 'begins with /';
  const fields = new Set<string>();
  const segments: PathSegment[] = [];
  for (const part of text.slice(1).split('/')) {
    const field = /^\{([A-Za-z][A-Za-z0-9_]{0,62})\}$/.exec(part)?.[1];
    if (field === undefined) {
      if (part === '.' || part === '..') return 'has no dot segments';
      if (!/^[A-Za-z0-9._-]+$/.test(part)) return 'is segments, each /literal or /{field}';
      segments.push({ literal: part });
      continue;
    }
    if ((SPIFFE_ATTRIBUTES as readonly string[]).includes(field))
      return `cannot name a field ${field}, which every identity has: name the field otherwise`;
    if (fields.has(field)) return 'has each field once';
    fields.add(field);
    segments.push({ field });
  }
  return segments;
}

/** The fields of a template, in its order. */
export function pathFields(template: readonly PathSegment[] = []): string[] {
  return template.flatMap((segment) => ('field' in segment ? [segment.field] : []));
}

/** The fields of a template as it is written; none of one that is wrong. */
export function writtenFields(text = ''): string[] {
  const template = parsePathTemplate(text);
  return typeof template === 'string' ? [] : pathFields(template);
}
