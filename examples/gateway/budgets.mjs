/**
 * How much each account has spent: in memory, so of this one process, and gone with it. Several gateways, or one that is
 * restarted, count in a database: one transaction per call, with the same two steps.
 */

/** A count that is forgotten is a budget that is renewed, so no account is ever dropped for another. */
const MAX_ACCOUNTS = 1_000_000;
/** Whoever holds a token makes accounts by appending budgets to it: no single grant may use up the room of all others. */
const MAX_PER_GRANT = 10_000;

export function createBudgets() {
  const spent = new Map();
  /** How many accounts of each grant are counted. */
  const counted = new Map();
  return {
    /**
     * Debits every account or none.
     * @param {{id: string, limit?: number}[]} accounts as `verify` gives them: the grant first
     * @param {number} cost in credits
     * @returns {boolean} whether all of them could pay
     */
    spend(accounts, cost) {
      if (cost === 0) return true;
      const limited = accounts.filter(({ limit }) => limit !== undefined);
      const fits = limited.every(({ id, limit }) => (spent.get(id) ?? 0) + cost <= limit);
      const grant = accounts[0].id;
      const unknown = limited.filter(({ id }) => !spent.has(id)).length;
      const ofGrant = (counted.get(grant) ?? 0) + unknown;
      if (!fits || ofGrant > MAX_PER_GRANT || spent.size + unknown > MAX_ACCOUNTS) return false;
      if (unknown > 0) counted.set(grant, ofGrant);
      for (const { id } of limited) spent.set(id, (spent.get(id) ?? 0) + cost);
      return true;
    },
  };
}
