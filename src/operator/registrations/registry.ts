/** Registers and retires agents for orchestrators: the caller must be allowed to, and the operator writes as itself. */
import { API_VERSION, GROUP } from '../../api/v1alpha1/index.ts';
import type { Clock } from '../../clock.ts';
import type { KubeClient } from '../../kube/types.ts';
import { type AgentAsked, isAgentName, isSameAgent, readAgentAsked } from '../../policy/index.ts';
import type { createAccess } from '../access.ts';
import { FINALIZER } from '../deletion/finalizer.ts';
import { printable, reasonOf, statusOf } from '../errors.ts';
import { WATCHED } from '../kinds.ts';

export interface AgentRegistrySettings {
  readonly client: Pick<KubeClient, 'create' | 'get' | 'delete'>;
  readonly clock: Clock;
  readonly random: (bytes: number) => Uint8Array;
  readonly access: Pick<ReturnType<typeof createAccess>, 'identify' | 'may'>;
  /** The operator's own namespace: where agents are registered unless the caller says where. */
  readonly namespace: string;
  readonly isRegistry: (namespace: string) => boolean;
  /** Whether what lives has our finalizer. */
  readonly finalizers: boolean;
}

interface Caller {
  readonly bearer?: string;
  readonly peer: string;
  readonly correlationId: string;
}

type Code = 'unauthorized' | 'forbidden' | 'invalid_request' | 'conflict' | 'not_found' | 'temporarily_unavailable';
type Answer =
  | {
      readonly result: 'registered' | 'unchanged' | 'retired';
      readonly namespace: string;
      readonly name: string;
      readonly uid: string;
      readonly requestedBy?: string;
    }
  | { readonly result: 'refused'; readonly code: Code; readonly message: string; readonly requestedBy?: string };

const TYPE = WATCHED.AgentRegistration;
const DEADLINE = 4_000;

class Refused extends Error {
  readonly code: Code;
  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

export function createAgentRegistry(settings: AgentRegistrySettings) {
  const { client, clock, random, access } = settings;
  const call = { deadlineMs: DEADLINE };

  /** @throws Refused */
  async function allowed(
    verb: 'create' | 'delete',
    caller: Caller,
    namespace: string,
    by: (username: string) => void,
  ): Promise<void> {
    const who = caller.bearer === undefined ? undefined : await access.identify(caller.bearer);
    if (who?.username === undefined) {
      throw new Refused(
        'unauthorized',
        'send Authorization: Bearer with a token of your service account, made for our issuer',
      );
    }
    by(who.username);
    const attributes = { group: GROUP, resource: TYPE.plural, verb, namespace };
    if (!(await access.may(who, attributes))) {
      throw new Refused('forbidden', `you may not ${verb} ${TYPE.plural} in this namespace`);
    }
    if (!settings.isRegistry(namespace)) throw new Refused('forbidden', 'the namespace is no agent registry');
  }

  /** What came of it, and who asked. */
  async function answered(act: (by: (username: string) => void) => Promise<Answer>): Promise<Answer> {
    let username: string | undefined;
    const asker = () => (username === undefined ? {} : { requestedBy: username });
    try {
      const answer = await act((name) => {
        username = name;
      });
      return { ...answer, ...asker() };
    } catch (error) {
      const { code, message } =
        error instanceof Refused
          ? error
          : new Refused('temporarily_unavailable', `it cannot be done right now: ${reasonOf(error)}`);
      return { result: 'refused', code, message, ...asker() };
    }
  }

  return {
    /** Makes a registration, or finds that one of this name says the same. Never rejects. */
    register(asked: AgentAsked, caller: Caller): Promise<Answer> {
      const namespace = asked.namespace ?? settings.namespace;
      return answered(async (by) => {
        await allowed('create', caller, namespace, by);
        const read = readAgentAsked(asked, clock.now());
        if ('fault' in read) throw new Refused('invalid_request', printable(read.fault));
        const { spec, name = `agent-${Buffer.from(random(8)).toString('hex')}` } = read;
        const object = {
          apiVersion: API_VERSION,
          kind: 'AgentRegistration',
          metadata: { name, namespace, ...(settings.finalizers && { finalizers: [FINALIZER] }) },
          spec,
        };
        try {
          const { uid } = (await client.create(TYPE, object, namespace, call)).metadata;
          return { result: 'registered', namespace, name, uid };
        } catch (error) {
          if (statusOf(error) !== 409) throw refusedWrite(error, namespace);
        }
        const there = await client.get(TYPE, name, namespace, call);
        if (there.metadata.deletionTimestamp !== undefined || !isSameAgent(there.spec, spec)) {
          throw new Refused('conflict', 'another agent is registered by this name');
        }
        return { result: 'unchanged', namespace, name, uid: there.metadata.uid };
      });
    },

    /** Deletes a registration. Never rejects. */
    retire(asked: { readonly namespace?: string; readonly name: string }, caller: Caller): Promise<Answer> {
      const { name, namespace = settings.namespace } = asked;
      return answered(async (by) => {
        await allowed('delete', caller, namespace, by);
        if (!isAgentName(name)) throw new Refused('not_found', 'there is no agent of this name');
        try {
          const { uid } = (await client.get(TYPE, name, namespace, call)).metadata;
          await client.delete(TYPE, name, namespace, { uid }, call);
          return { result: 'retired', namespace, name, uid };
        } catch (error) {
          throw refusedWrite(error, namespace);
        }
      });
    },
  };
}

function refusedWrite(error: unknown, namespace: string): unknown {
  switch (statusOf(error)) {
    case 403: {
      const message = `the operator may not write in namespace ${namespace}: bind trustmint-agent-registrar to it there`;
      return new Refused('forbidden', message);
    }
    case 404:
      return new Refused('not_found', 'there is no agent of this name');
    case 409:
      return new Refused('conflict', 'the agent is another by now');
    case 422:
      return new Refused('invalid_request', 'the API server refuses the registration for what it says');
    default:
      return error;
  }
}
