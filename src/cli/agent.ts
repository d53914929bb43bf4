/** `trustmint agent`: registrations in a cluster by the caller's own rights, or as files of a mint that serves files. */
import { randomBytes } from 'node:crypto';
import type { AgentRegistrationSpec } from '../api/v1alpha1/index.ts';
import { systemClock } from '../clock.ts';
import { isAgentName, readAgentAsked } from '../policy/index.ts';
import { uidOf } from '../standalone/index.ts';
import { type AgentPlace, placeOf } from './agent-places.ts';
import type { ClusterFlags } from './cluster-flags.ts';
import { CliError } from './errors.ts';
import type { Io } from './io.ts';

export interface PlaceFlags extends ClusterFlags {
  readonly dataDir?: string;
  readonly namespace?: string;
}

export interface RegisterFlags extends PlaceFlags {
  readonly type: string;
  readonly user: string;
  readonly spiffe?: string;
  readonly serviceAccount?: string;
  readonly issuer?: string;
  readonly pod?: string;
  readonly scope?: readonly string[];
  readonly expiresAt?: string;
}

export async function register(given: string | undefined, flags: RegisterFlags, io: Io): Promise<void> {
  const name = given ?? `agent-${randomBytes(8).toString('hex')}`;
  const read = readAgentAsked({ name, spec: specOf(flags) }, systemClock.now());
  if ('fault' in read) throw new CliError('usage', read.fault);
  await placeOf(flags, async (place) => {
    const { uid } = await place.create(name, read.spec);
    io.stdout.write(`${place.where}/${name} registered for ${read.spec.userId}: uid ${uid}\n`);
  });
}

export async function suspend(name: string, flags: PlaceFlags & { readonly resume?: boolean }, io: Io): Promise<void> {
  requireName(name);
  const state = flags.resume ? 'Active' : 'Suspended';
  await placeOf(flags, async (place) => {
    await place.change(name, { state });
    io.stdout.write(`${place.where}/${name} is ${state}\n`);
  });
}

export async function retire(name: string, flags: PlaceFlags & { readonly revoke?: boolean }, io: Io): Promise<void> {
  requireName(name);
  await placeOf(flags, async (place) => {
    await place.remove(name, flags.revoke ?? false);
    io.stdout.write(`${place.where}/${name} retired; what it was given ${flags.revoke ? 'is dead' : 'runs out'}\n`);
  });
}

export async function list(flags: PlaceFlags, io: Io): Promise<void> {
  await placeOf(flags, async (place: AgentPlace) => {
    const rows = [['NAME', 'TYPE', 'USER', 'STATE', 'UID']];
    for (const { name, uid, spec } of await place.list()) {
      const { agentType = '-', userId = '-', state = 'Active' } = spec as Partial<AgentRegistrationSpec>;
      rows.push([name, agentType, userId, state, uid ?? uidOf('AgentRegistration', 'default', name)]);
    }
    const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
    for (const row of rows)
      io.stdout.write(
        `${row
          .map((cell, i) => cell.padEnd(widths[i]!))
          .join('  ')
          .trimEnd()}\n`,
      );
  });
}

function specOf({
  type,
  user,
  spiffe,
  serviceAccount,
  issuer,
  pod,
  scope,
  expiresAt,
  dataDir,
}: RegisterFlags): Record<string, unknown> {
  const identity: Record<string, unknown> = {};
  if (spiffe !== undefined) {
    const [trustDomain, tenantId, ...more] = spiffe.split('/');
    if (more.length > 0) throw new CliError('usage', '--spiffe: give a trust domain, or trust domain/tenant');
    identity.spiffe = { trustDomain, ...(tenantId !== undefined && { tenantId }) };
  }
  if (serviceAccount !== undefined) {
    const [namespace, name, ...more] = serviceAccount.split('/');
    if (name === undefined || more.length > 0) throw new CliError('usage', '--service-account: give namespace/name');
    // A mint that serves files has no cluster of its own: such a registration would be nobody's.
    if (dataDir !== undefined && issuer === undefined)
      throw new CliError('usage', '--service-account: say by --issuer of which cluster');
    identity.serviceAccount = {
      namespace,
      name,
      ...(pod !== undefined && { podUid: pod }),
      ...(issuer !== undefined && { issuer }),
    };
  } else if ((pod ?? issuer) !== undefined)
    throw new CliError('usage', `--${pod === undefined ? 'issuer' : 'pod'} goes with --service-account`);
  return {
    agentType: type,
    userId: user,
    identity,
    ...(scope && { scopes: scope }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

function requireName(name: string): void {
  if (!isAgentName(name)) throw new CliError('usage', 'no agent is called so');
}

export type Change = Partial<Pick<AgentRegistrationSpec, 'state' | 'deletionPolicy'>>;
