/** What a request to the API server is made with. */

/** One reading of a configuration. Never log it. */
export interface Credentials {
  /** `https://host:port`, perhaps with a path. */
  readonly server: URL;
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
  readonly servername?: string;
  /** Authorization, Impersonate-User. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A configuration that follows its files. */
export interface CredentialSource {
  /**
   * The credentials as the files have them, read at most a minute ago.
   * @throws KubeApiError NoCredentials, where the request would go out anonymous or unverified
   */
  current(): Promise<Credentials>;
  /** The server refused `used`: reads the files now, unless somebody did since. */
  renew(used: Credentials): Promise<Credentials>;
  /** The namespace of the pod, or of the kubeconfig's context. */
  readonly namespace?: string;
}
