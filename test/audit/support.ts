import type { AuditEvent, AuditSink, ExchangeEvent } from '../../src/audit/index.ts';

/** A sink that keeps what it gets, can be blocked, and can fail. */
export class FakeSink implements AuditSink {
  readonly name: string;
  readonly writes: string[] = [];
  failing: string | undefined;
  closed = false;
  #blocked: (() => void)[] | undefined;

  constructor(name = 'fake') {
    this.name = name;
  }

  block(): void {
    this.#blocked ??= [];
  }

  unblock(): void {
    const waiting = this.#blocked ?? [];
    this.#blocked = undefined;
    for (const go of waiting) go();
  }

  async write(lines: string): Promise<void> {
    if (this.#blocked) await new Promise<void>((resolve) => this.#blocked!.push(resolve));
    if (this.failing) throw Object.assign(new Error(`cannot write ${lines}`), { code: this.failing });
    this.writes.push(lines);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  get lines(): string[] {
    return this.writes.join('').split('\n').slice(0, -1);
  }

  get records(): Record<string, unknown>[] {
    return this.lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  }
}

export const identity = {
  anchor: 'anchor-1',
  provider: 'kubernetes',
  issuer: 'https://issuer.example',
  subject: 'system:serviceaccount:ai-agents:research-agent',
  instance: 'pod-1',
  claims: { namespace: 'ai-agents', serviceAccount: 'research-agent' },
};

export const policy = { kind: 'TrustPolicy', namespace: 'ai-agents', name: 'research', uid: 'uid-1' };

export function granted(id = 'id-1', over: Partial<ExchangeEvent> = {}): AuditEvent {
  return {
    kind: 'exchange',
    id,
    door: 'native',
    peer: '192.0.2.1',
    outcome: 'granted',
    proof_sha256: 'A'.repeat(43),
    identity,
    policy,
    rule: 'research',
    generation: 'gen-1',
    granted: {
      jti: 'jti-1',
      grant_id: 'gid-1',
      resource: 'default',
      tenant: 'ai-agents',
      caveats: ['tenant = ai-agents', 'department = research'],
      ttl: 28_800,
      budget_credits: 1000,
      token_sha256: 'B'.repeat(43),
      expires_at: 1_767_254_400,
    },
    ...over,
  } as AuditEvent;
}

export function refused(id = 'id-2', over: Partial<ExchangeEvent> = {}): AuditEvent {
  return {
    kind: 'exchange',
    id,
    door: 'native',
    peer: '192.0.2.1',
    outcome: 'refused',
    refused: { stage: 'proof', code: 'invalid_proof', reason: 'expired', detail: 'expired 5 s ago' },
    ...over,
  } as AuditEvent;
}

/** Lets promises that are ready settle. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));
