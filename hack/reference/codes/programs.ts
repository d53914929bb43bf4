/** Codes of the command line, of manifests, keys, issuers and the watch of a cluster. */
import type { AuditErrorCode } from '../../../src/audit/errors.ts';
import type { DevIssuerErrorCode } from '../../../src/dev/errors.ts';
import type { KeyRingErrorCode } from '../../../src/keyring/errors.ts';
import type { OwnReason } from '../../../src/kube/errors.ts';
import type { ReflectorReason } from '../../../src/kube/reflector-types.ts';
import type { OperatorErrorCode } from '../../../src/operator/errors.ts';
import type { KeySourceErrorCode } from '../../../src/proof/issuer-keys/errors.ts';
import type { HttpErrorCode, ServerErrorCode } from '../../../src/server/errors.ts';
import type { ManifestCode, StandaloneError } from '../../../src/standalone/errors.ts';

type Words<Code extends string> = Readonly<Record<Code, string>>;

/** `trustmint: message (code)`: those that a command itself ends with. */
export const COMMANDS: Words<string> = {
  audit_log: 'the audit log cannot be written',
  conflict: 'another agent has that name, or its state cannot change so',
  convert: 'the policy cannot be converted; the lines before say why',
  finalizers_left: 'something still has our finalizer',
  inactive: 'the token is not good for this call',
  jwt: 'a JWT cannot do that',
  keys: 'not the answer of `/api/mint/keys`',
  lint: 'the manifests have problems; the lines before say which',
  no_ca: 'no certificate in the CA file, or it cannot be read',
  no_cluster: 'no kubeconfig, and this is no pod',
  no_data_dir: 'no mint has used that directory',
  no_keys: 'no key ring in that directory',
  no_manifests: 'no directory of manifests there',
  no_policies: 'no manifest there',
  no_proof: 'the file of the proof is empty',
  no_summary: 'no leader has written how the keys are',
  no_lease: 'no operator has run there, or it is another namespace',
  not_answered: 'no leader carried the request out in time',
  not_found: 'no agent of that name',
  refused: 'the mint refused, or it was no mint',
  too_large: 'more than 1 MiB',
  unreadable: 'a file cannot be read; also of manifests',
  unreachable: 'the mint does not answer: no such name, nobody there, or not in time',
  untrusted: "the mint's certificate is not of the CA that is believed",
  usage: 'flags that do not go together, or one that is missing',
};

/** A server that cannot start. */
export const STARTING: Words<Exclude<ServerErrorCode, HttpErrorCode>> = {
  request_aborted: 'the caller left before there was anything to answer: in metrics alone',
  tls_required: 'an address that is not loopback, without TLS or `--insecure-http`',
  tls_files: 'no certificate and its key in those files',
  listen_failed: 'the address is taken, or is none of this machine',
  token_file: 'a token file that cannot be read, or holds none',
};

export const MANIFESTS: Words<ManifestCode> = {
  unreadable: 'the file cannot be read',
  too_large: 'over 1 MiB, 1,000 documents, or 10,000 files',
  bad_encoding: 'no UTF-8',
  bad_yaml: 'no YAML, or over 64 aliases',
  not_a_resource: 'neither a resource nor the short form',
  unknown_version: 'another version of `trustmint.dev`',
  unknown_kind: 'no such kind',
  unknown_field: 'a field that there is not',
  invalid_field: 'a value that cannot be',
  duplicate_object: 'an object that stands twice',
  no_single_namespace: 'a short form whose rules name no single namespace',
  compile_failed: 'the policies could not be compiled: a fault of ours',
  unwritable: 'a revocation could not be kept',
};

export const DIRECTORY: Words<StandaloneError['code']> = {
  data_dir_locked: 'another `serve` uses the data directory',
  data_dir_unusable: 'the data directory cannot be used: others may write it, say',
  invalid_revocation: 'a revocation that says nothing that could be revoked',
};

export const KEYS: Words<KeyRingErrorCode> = {
  invalid_option: 'an option is out of range',
  keys_damaged: 'what is stored is no key ring that this version reads',
  keys_lost: 'keys were made here once and are gone; new ones are never made silently over them',
  keys_exposed: 'others can read or replace the keys',
  keys_foreign: 'what is stored are not the keys that this process serves',
  keys_full: '40 keys are kept, each as long as its tokens live: no more are made on demand until one goes',
  keys_conflict: 'another writer was faster',
  keys_unavailable: 'the store cannot be asked',
};

export const ISSUERS: Words<KeySourceErrorCode> = {
  bad_url: 'no https URL',
  address_refused: 'it leads to a private address: `keys.allowPrivate`',
  unresolvable: 'no such name',
  unreachable: 'no answer',
  timeout: 'not in time',
  closed: 'the mint is stopping',
  bad_redirect: 'a redirect to somewhere else',
  bad_status: 'another status than 200',
  bad_content_type: 'not said to be JSON',
  encoded_body: 'a compressed answer that was not asked for',
  too_large: 'more than is read',
  not_json: 'no JSON',
  bad_metadata: 'no `jwks_uri` in the discovery document',
  issuer_mismatch: 'the discovery document is of another issuer',
  bad_keys: 'no JWK Set, or none of its keys can be used',
  older_bundle: 'a bundle from before the one in use',
  gone: 'the ConfigMap, or its key, is not there',
  not_available: 'nobody here can be asked: standalone there is no cluster',
};

export const WATCH: Words<ReflectorReason> = {
  rbac_missing: 'the API server forbids it',
  crd_not_installed: 'the API server does not know the kind',
  unauthorized: 'it does not accept the credentials',
  no_credentials: 'there are none',
  expired: 'the version watched from is gone (410)',
  idle: 'silence for too long',
  overloaded: 'it asks to wait (429, 503)',
  stream_error: 'an error within the watch',
  stream_broken: 'the watch was cut, or is no JSON',
  network: 'no answer',
  timeout: 'not in time',
  diverged: 'the copy was not what the server has',
  short_lived: 'the server ends watches at once',
  slept: 'the machine was suspended',
  server_error: 'any other answer',
};

/** Beside the reasons that the API server gives (`Forbidden`, `NotFound`…). */
export const CLIENT: Words<OwnReason> = {
  NetworkError: 'no answer',
  Timeout: 'not in time',
  BadAnswer: 'an answer that is none',
  TooLarge: 'more than is read',
  NoCredentials: 'no kubeconfig, no token, or none that can be read',
  Aborted: 'it was given up here',
};

export const OPERATOR: Words<OperatorErrorCode> = {
  bad_answer: "the API server's answer lacks what its kind always has",
  not_this_cluster: "keys of an issuer that is not this cluster's",
  no_such_key: 'a ConfigMap without the key that a policy names',
  tls_secret: 'our own serving certificate cannot be read or kept',
};

export const AUDIT: Words<AuditErrorCode> = {
  audit_unavailable: 'the record did not reach every sink in time: nothing is handed out',
  invalid_option: 'an option is out of range',
};

export const DEV_ISSUER: Words<DevIssuerErrorCode> = {
  not_loopback: 'it answers on loopback alone',
  invalid_request: 'a request that cannot be read',
  unauthorized: 'no request token',
  forbidden: 'another request token',
  not_found: 'no such route',
};
