/**
 * How much each account has spent: in memory, so of this one process, and gone with it. Several gateways, or one that is
 * restarted, count in a database: one transaction per call, with the same two steps.
 */

/** A count that is forgotten is a budget that is renewed, so no account is ever dropped for another. */
const MAX_ACCOUNTS = 1_000_000;

export function createBudgets() {
  const spent = new Map();
  return {
    /**
     * Debits every account or none.
     * @param {{id: string, limit?: number}[]} accounts as `verify` gives them
     * @param {number} cost in credits
     * @returns {boolean} whether all of them could pay
     */
    spend(accounts, cost) {
      if (cost === 0) return true;
      const limited = accounts.filter(({ limit }) => limit !== undefined);
      const fits = limited.every(({ id, limit }) => (spent.get(id) ?? 0) + cost <= limit);
      const unknown = limited.filter(({ id }) => !spent.has(id)).length;
      if (!fits || spent.size + unknown > MAX_ACCOUNTS) return false;
      for (const { id } of limited) spent.set(id, (spent.get(id) ?? 0) + cost);
      return true;
    },
  };
}
