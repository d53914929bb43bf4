/** Sees to it that there is a CA and a serving certificate, the same for every replica, and that clients find the CA. */
import {
  bundleOf,
  type CertificatePair,
  type Certificates,
  keepUp,
  type Maker,
  readCertificates,
  sameTexts,
  textsOf,
} from '../../certificates/index.ts';
import type { TimerHandle } from '../../clock.ts';
import type { HealthCheck } from '../../exchange/index.ts';
import { OperatorError, reasonOf } from '../errors.ts';
import { CaConfigMaps, type CaConfigMapsSettings } from './ca-config-maps.ts';
import { CertificateSecret, type CertificateSecretSettings, type FoundSecret } from './secret.ts';

/** Milliseconds between two looks at the Secret. */
const LOOK_EVERY = 10_000;
/** Replicas that start together write at once: each but one loses, and looks again. */
const TRIES = 5;

export interface CertificateKeeperSettings extends CertificateSecretSettings, CaConfigMapsSettings {
  readonly client: CertificateSecretSettings['client'];
  /** The DNS names by which callers know us. */
  readonly names: readonly string[];
  readonly make: Maker;
  /** Then nothing is made or written: it would be of another time. */
  readonly clockIsWrong: () => boolean;
}

export interface CertificateKeeper {
  /** What every replica serves; undefined: there is none yet. */
  current(): CertificatePair | undefined;
  /** Calls back with each that takes the place of another. @returns stops that */
  follow(changed: (pair: CertificatePair) => void): () => void;
  /** Fails until there is a certificate; warns of what keeps it from being renewed, or clients from finding the CA. */
  check(): HealthCheck;
  /** @returns when it has looked for the first time, successfully or not */
  start(): Promise<void>;
  close(): Promise<void>;
}

type Held = Required<Certificates>;

export function keepCertificates(settings: CertificateKeeperSettings): CertificateKeeper {
  const { clock, log, names, make, clockIsWrong } = settings;
  const secret = new CertificateSecret(settings);
  const configMaps = new CaConfigMaps(settings);
  const followers = new Set<(pair: CertificatePair) => void>();
  let held: Held | undefined;
  let problem: string | undefined = 'not read yet';
  let timer: TimerHandle | undefined;
  let looking: Promise<void> = Promise.resolve();
  const closing = new AbortController();

  async function look(): Promise<void> {
    try {
      await settle();
      problem = undefined;
      if (held) await configMaps.fill(bundleOf(held.authorities), closing.signal);
    } catch (error) {
      // What parsers and signers say may quote a key.
      const said = error instanceof OperatorError ? error.message : `cannot make a certificate: ${reasonOf(error)}`;
      if (said !== problem && !closing.signal.aborted) log('error', said);
      problem = said;
    }
    if (!closing.signal.aborted) timer = clock.setTimer(() => void begin(), LOOK_EVERY);
  }

  function begin(): Promise<void> {
    looking = look();
    return looking;
  }

  async function settle(): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      const found = await secret.read(closing.signal);
      if (found?.foreign)
        throw new OperatorError(
          'tls_secret',
          `Secret ${settings.secret} holds a certificate that is not ours: delete it, or name another with --tls-secret`,
        );
      const before = basis(found);
      if (clockIsWrong()) {
        if (!before.leaf) throw new OperatorError('tls_secret', 'no certificate is made by a clock that may be wrong');
        adopt({ ...before, leaf: before.leaf });
        return;
      }
      const next = await keepUp(before, { names, now: clock.now(), make });
      if (!sameTexts(textsOf(next), found?.texts ?? {})) {
        if (!(await secret.write(textsOf(next), found))) continue;
        tell(before, next, found !== undefined);
      }
      adopt(next);
      return;
    }
    throw new OperatorError('tls_secret', `Secret ${settings.secret} is written by others all the time`);
  }

  /** What is stored, if it is as we would write it; what is lost or damaged is had from memory. */
  function basis(found: FoundSecret | undefined): Certificates {
    const texts = found?.texts ?? {};
    if (held && sameTexts(textsOf(held), texts)) return held;
    const stored = readCertificates(texts);
    const whole = stored.leaf && stored.authorities.some(({ key }) => key) && sameTexts(textsOf(stored), texts);
    if (!held || whole) return stored;
    const known = new Set(held.authorities.map(({ certificate }) => certificate.fingerprint256));
    const others = stored.authorities.filter(({ certificate }) => !known.has(certificate.fingerprint256));
    return { authorities: [...held.authorities, ...others], leaf: stored.leaf ?? held.leaf };
  }

  function tell(before: Certificates, next: Held, existed: boolean): void {
    const made = next.authorities.find((one) => !before.authorities.includes(one));
    if (made) log('info', 'a CA was made', { until: shown(made.until), sha256: made.certificate.fingerprint256 });
    if (made && next.leaf === before.leaf && !names.every((name) => next.leaf.names.includes(name)))
      log('info', 'the certificate gets its new names in an hour: clients do not know that CA yet', {
        names: names.join(','),
      });
    if (next.leaf !== before.leaf)
      log('info', 'a TLS certificate was made', { until: shown(next.leaf.until), names: next.leaf.names.join(',') });
    else if (!made) log('warn', `Secret ${settings.secret} was ${existed ? 'damaged' : 'gone'}: it is written back`);
  }

  function adopt(next: Held): void {
    const before = held;
    held = next;
    if (before && pairOf(before).cert === pairOf(next).cert) return;
    log('info', before ? 'the TLS certificate was replaced' : 'there is a TLS certificate', {
      until: shown(next.leaf.until),
    });
    for (const changed of followers) changed(pairOf(next));
  }

  return {
    current: () => held && pairOf(held),
    follow(changed) {
      followers.add(changed);
      return () => void followers.delete(changed);
    },
    check() {
      const until = held ? `; the certificate that is served expires at ${shown(held.leaf.until)}` : '';
      const said = [...(problem === undefined ? [] : [`${problem}${until}`]), ...configMaps.problems()];
      return { name: 'tls', ok: held !== undefined, ...(said.length > 0 && { message: said.slice(0, 5).join('; ') }) };
    },
    start: begin,
    async close() {
      closing.abort();
      timer?.cancel();
      await looking;
      timer?.cancel();
    },
  };
}

const pairOf = ({ leaf }: Held): CertificatePair => ({ cert: leaf.certificate.toString(), key: leaf.key });

const shown = (at: number): string => new Date(at).toISOString();
