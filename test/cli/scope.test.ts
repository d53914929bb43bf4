import assert from 'node:assert/strict';
import { scopeCheck, scopeOf } from '../../src/cli/scope.ts';

const parts = (more: {
  unheard?: readonly string[];
  ready?: boolean;
  errors?: readonly { namespace?: string; code: string }[];
  absent?: readonly string[];
  shared?: readonly [string, string][];
}) =>
  ({
    namespace: 'mint',
    view: {
      copies: {
        errors: () => (more.errors ?? []).map((one) => ({ source: 's', message: 'm', ...one })),
        absent: () => more.absent ?? [],
      },
    },
    reporting: { shared: () => new Map(more.shared ?? []) },
    heard: { ready: () => more.ready ?? true, unheard: () => more.unheard ?? [] },
  }) as unknown as Parameters<typeof scopeCheck>[0];

describe('the namespaces of an installation', () => {
  it("are those that are given, and the operator's own; without any, all", () => {
    assert.deepEqual([...scopeOf({ watchNamespaces: ['a', 'mint'] }, 'mint')!], ['mint', 'a']);
    assert.equal(scopeOf({}, 'mint'), undefined);
  });

  it('readiness says nothing while nothing is wrong', () => {
    assert.deepEqual(scopeCheck(parts({})), { name: 'scope', ok: true });
  });

  it('names each that cannot be read, once, each that there is not, and each that another one watches', () => {
    const errors = [
      { code: 'rbac_missing' },
      { code: 'rbac_missing', namespace: 'a' },
      { code: 'timeout', namespace: 'b' },
    ];
    const { ok, message } = scopeCheck(
      parts({ errors: [...errors, errors[1]!], absent: ['c'], shared: [['d', 'mint-two']] }),
    );
    assert.equal(ok, true);
    assert.equal(
      message,
      'cannot be read: a (rbac_missing), b (timeout); there is no namespace c, or it is being deleted; namespace d is watched by the installation in mint-two too',
    );
  });

  it('fails while what was dead could live again, and says what to do', () => {
    const { ok, message } = scopeCheck(parts({ ready: false, unheard: ['gone'] }));
    assert.equal(ok, false);
    assert.match(
      message ?? '',
      /TokenRevocations of gone .*kubectl -n mint annotate lease trustmint trustmint\.dev\/revokes-in-$/,
    );
  });
});
