/** Public keys that policies keep in ConfigMaps of the operator's namespace. */
import type { KubeClient } from '../kube/types.ts';
import type { ConfigMapKeys } from '../proof/index.ts';
import { member, OperatorError, printable, text } from './errors.ts';
import { CONFIG_MAPS } from './kinds.ts';

/** @param namespace the operator's own */
export function configMapKeys(client: KubeClient, namespace: string): ConfigMapKeys {
  return {
    async read(name, key, signal) {
      const found = await client.get(CONFIG_MAPS, name, namespace, { signal });
      const value = text(member(found, 'data'), key);
      if (value === undefined) {
        throw new OperatorError('no_such_key', `ConfigMap ${printable(name)} has no ${printable(key)}`);
      }
      return value;
    },
  };
}
