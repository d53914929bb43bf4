/** What a policy of provider spiffe is verified against. */
import type { ClusterTrustPolicySpec, TrustPolicySpec } from '../api/v1alpha1/index.ts';
import type { Anchor } from '../identity.ts';
import { compileBundle } from './key-source.ts';
import { parsePathTemplate } from './path-template.ts';
import type { Problems } from './problems.ts';
import type { CompileOptions } from './types.ts';

type Spec = TrustPolicySpec | ClusterTrustPolicySpec;

const PATH = 'spec.spiffe';

/** What its anchors have of their own: there is one, for there is one trust domain. */
export interface SpiffeTrust extends Pick<Anchor, 'keys' | 'pathTemplate'> {
  readonly issuers: readonly string[];
}

/** Undefined if there is a problem. */
export function compileSpiffe(spec: Spec, options: CompileOptions, problems: Problems): SpiffeTrust | undefined {
  const { spiffe } = spec;
  if (!spiffe) {
    problems.error('SpiffeRequired', PATH, 'provider spiffe needs spec.spiffe: its trust domain and bundle');
    return undefined;
  }
  const before = problems.errors;
  for (const field of ['issuer', 'keys'] as const)
    if (spec[field] !== undefined)
      problems.error(
        'NotForSpiffe',
        `spec.${field}`,
        'the issuer of an SVID is its trust domain, and its keys are the bundle: issuer and keys are for others',
      );
  if (spec.algorithms?.some((name) => name === 'EdDSA' || name === 'Ed25519'))
    problems.error('InvalidAlgorithm', 'spec.algorithms', 'JWT-SVIDs are never signed with EdDSA');
  if (!/^[a-z0-9._-]{1,255}$/.test(spiffe.trustDomain))
    problems.error(
      'InvalidTrustDomain',
      `${PATH}.trustDomain`,
      'a trust domain is 1 to 255 of a-z 0-9 . _ -, without spiffe://',
    );
  const template = spiffe.pathTemplate === undefined ? undefined : parsePathTemplate(spiffe.pathTemplate);
  if (typeof template === 'string')
    problems.error('InvalidPathTemplate', `${PATH}.pathTemplate`, `a path template ${template}`);
  const keys = compileBundle(spiffe.bundle, options, problems);
  if (!keys || typeof template === 'string' || problems.errors > before) return undefined;
  return { issuers: [`spiffe://${spiffe.trustDomain}`], keys, ...(template && { pathTemplate: template }) };
}
