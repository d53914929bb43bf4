/** Whether what a policy trusts can be a registered agent at all. */
import { AGENT_FIELDS } from '../api/v1alpha1/index.ts';
import type { ProviderName } from '../identity.ts';
import type { Problems } from './problems.ts';

/**
 * @param pathFields of the policy's path template
 * @param path of `actsFor`
 */
export function checkActsFor(
  provider: ProviderName,
  pathFields: readonly string[],
  path: string,
  problems: Problems,
): void {
  if (provider === 'kubernetes') return;
  if (provider !== 'spiffe') {
    problems.error('NotRegistrable', path, 'agents are registered by SPIFFE ID or Kubernetes service account alone');
    return;
  }
  if (!pathFields.includes('agentId'))
    problems.error(
      'NotRegistrable',
      path,
      'spec.spiffe.pathTemplate needs {agentId}, by which a registration is found',
    );
  const others = pathFields.filter((field) => !(AGENT_FIELDS as readonly string[]).includes(field));
  if (others.length > 0) {
    const message = `a registration has no field ${others.join(', ')}: the path template has ${AGENT_FIELDS.join(', ')} alone`;
    problems.error('NotRegistrable', path, message);
  }
}
