/** Our own CA and serving certificate in one Secret of the operator's namespace; written only over what was read. */
import { type CertificateTexts, KEYS } from '../../certificates/index.ts';
import type { KubeClient, KubeObject } from '../../kube/types.ts';
import { member, OperatorError, reasonOf, statusOf, text } from '../errors.ts';
import { SECRETS } from '../kinds.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const LABELS = { 'app.kubernetes.io/name': 'trustmint', [MANAGED_BY]: 'trustmint' };
/** What others read it as: an Ingress, say. */
const TYPE = 'kubernetes.io/tls';

export interface FoundSecret {
  readonly texts: Partial<CertificateTexts>;
  /** Whether another made it and keeps a certificate in it: that is not ours to overwrite. */
  readonly foreign: boolean;
  readonly object: KubeObject;
}

export interface CertificateSecretSettings {
  readonly client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  /** The operator's own. */
  readonly namespace: string;
  /** The Secret's. */
  readonly secret: string;
}

export class CertificateSecret {
  readonly #settings: CertificateSecretSettings;

  constructor(settings: CertificateSecretSettings) {
    this.#settings = settings;
  }

  /** @throws OperatorError `tls_secret` */
  async read(signal: AbortSignal): Promise<FoundSecret | undefined> {
    const { client, secret, namespace } = this.#settings;
    try {
      return found(await client.get(SECRETS, secret, namespace, { signal }));
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw this.#failed('read', error);
    }
  }

  /**
   * Other members and labels stay as they are.
   * @param over what was read before; undefined: there was none
   * @returns false: another wrote meanwhile
   * @throws OperatorError `tls_secret`: it may have been written or not
   */
  async write(texts: CertificateTexts, over: FoundSecret | undefined): Promise<boolean> {
    const { client, secret, namespace } = this.#settings;
    const data = Object.fromEntries(KEYS.map((key) => [key, Buffer.from(texts[key]).toString('base64')]));
    const made = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret, namespace, labels: LABELS },
      type: TYPE,
    };
    try {
      if (over)
        await client.replace(SECRETS, { ...over.object, data: { ...dataOf(over.object), ...data } }, secret, namespace);
      else await client.create(SECRETS, { ...made, data }, namespace);
      return true;
    } catch (error) {
      if (statusOf(error) === 409 || (over && statusOf(error) === 404)) return false;
      throw this.#failed(over ? 'update' : 'create', error);
    }
  }

  #failed(verb: string, error: unknown): OperatorError {
    const why = statusOf(error) === 403 ? 'RBAC missing' : reasonOf(error);
    return new OperatorError('tls_secret', `cannot ${verb} Secret ${this.#settings.secret}: ${why}`);
  }
}

function found(object: KubeObject): FoundSecret {
  const data = dataOf(object);
  const decoded = KEYS.flatMap((key) => {
    const encoded = text(data, key);
    return encoded === undefined ? [] : [[key, Buffer.from(encoded, 'base64').toString('utf8')] as const];
  });
  const texts: Partial<CertificateTexts> = Object.fromEntries(decoded);
  const ours = object.metadata.labels?.[MANAGED_BY] === 'trustmint' || Boolean(texts['ca.key']);
  return { texts, foreign: !ours && Boolean(texts['tls.crt'] || texts['tls.key']), object };
}

function dataOf(object: KubeObject): object {
  const data = member(object, 'data');
  return typeof data === 'object' && data !== null ? data : {};
}
