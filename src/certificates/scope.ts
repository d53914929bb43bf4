/** For which names a CA may sign at all (name constraints, RFC 5280 §4.2.1.10): who trusts it trusts it for no others. */
import type { Authority } from './types.ts';

export const NAME_CONSTRAINTS = '2.5.29.30';
const DNS_NAME = 2;

/**
 * Domains that hold these names: of a Service its namespace's, so that another one there needs no other CA, and no other
 * namespace's is vouched for; of everything else the name itself.
 */
export function scopeOf(names: readonly string[]): string[] {
  const domains = names.map((name) => {
    const labels = name.split('.');
    const service = labels.lastIndexOf('svc');
    return service > 1 ? labels.slice(service - 1).join('.') : name;
  });
  return [...new Set(domains)];
}

/** Whether the CA may sign for all of them; one without constraints for any. */
export async function permits({ certificate }: Authority, names: readonly string[]): Promise<boolean> {
  const { Certificate, NameConstraints } = await import('pkijs');
  const { extensions = [] } = Certificate.fromBER(certificate.raw);
  const constraints = extensions.find(({ extnID }) => extnID === NAME_CONSTRAINTS)?.parsedValue;
  if (!(constraints instanceof NameConstraints)) return true;
  const domains = (constraints.permittedSubtrees ?? []).flatMap(({ base }) =>
    base.type === DNS_NAME ? [String(base.value)] : [],
  );
  return names.every((name) => domains.some((domain) => name === domain || name.endsWith(`.${domain}`)));
}
