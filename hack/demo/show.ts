/** How the demo prints. */
import { formatDescription } from '../../src/cli/token.ts';
import { describeMacaroon } from '../../src/macaroon/index.ts';

const styled = process.stdout.isTTY === true;
const style = (code: number, text: string) => (styled ? `\x1b[${code}m${text}\x1b[0m` : text);

export const dim = (text: string) => style(2, text);

export function heading(text: string): void {
  process.stdout.write(`\n${style(1, `== ${text}`)}\n`);
}

export function say(text: string): void {
  process.stdout.write(`${text.trimEnd()}\n`);
}

/** The token, cut, and what it says. */
export function showMacaroon(token: string): string {
  return `macaroon: ${token.slice(0, 40)}… (${token.length} characters)\n${formatDescription(describeMacaroon(token))}`;
}
