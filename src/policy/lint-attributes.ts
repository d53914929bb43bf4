import type { CompiledPolicy } from './model.ts';
import { pathFields } from './path-template.ts';
import { isField, type ValueSource } from './predicate.ts';
import type { Problems } from './problems.ts';

/** What providers tell beside the fields that a rule can match. */
const MORE_ATTRIBUTES: Readonly<Record<string, readonly string[]>> = {
  kubernetes: ['serviceAccountUid', 'podName', 'podUid', 'nodeName'],
  github: ['runId'],
  spiffe: ['trustDomain'],
};

/** Templates that read what no identity of the policy has: each exchange would be refused. `path` is theirs. */
export function lintAttributes(
  { provider, anchors }: CompiledPolicy,
  path: string,
  sources: readonly ValueSource[],
  problems: Problems,
): void {
  const more = [...(MORE_ATTRIBUTES[provider] ?? []), ...pathFields(anchors[0]?.pathTemplate)];
  for (const source of sources)
    if (source.kind === 'attribute' && !isField(provider, source.name) && !more.includes(source.name))
      problems.warning('UnknownAttribute', path, `provider ${provider} has no attribute ${source.name}`);
}
