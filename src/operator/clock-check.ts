/** Whether this replica's clock is fit to judge by: what is expired, what is revoked, and when a token was minted. */
import type { HealthCheck } from '../exchange/index.ts';
import type { ClockSkew } from '../kube/index.ts';

/** Seconds from which somebody should look, and from which nothing is granted or verified. */
const UNUSUAL = 30;
const WRONG = 300;

/** Whether it is more than 5 minutes from the API server's: such a replica must not serve. */
export function clockIsWrong(skew: Pick<ClockSkew, 'ahead'>): boolean {
  return Math.abs(skew.ahead() ?? 0) > WRONG;
}

export function clockCheck(skew: Pick<ClockSkew, 'ahead'>): HealthCheck {
  const ahead = skew.ahead();
  if (ahead === undefined) return { name: 'clock', ok: true, detail: 'the API server has not said its time yet' };
  const seconds = Math.round(ahead);
  const text = `${Math.abs(seconds)} s ${seconds < 0 ? 'behind' : 'ahead of'} the API server's clock`;
  if (Math.abs(ahead) <= UNUSUAL) return { name: 'clock', ok: true, detail: text };
  return { name: 'clock', ok: !clockIsWrong(skew), message: `${text}: nothing is served beyond ${WRONG} s` };
}
