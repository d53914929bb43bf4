/**
 * Text for a status or an Event: one line, bounded. What is cut off is said.
 * @param limit characters (code points) at most; at least 32
 */
export function boundedText(text: string, limit: number): string {
  // Cut before anything walks over it: the text may be an attacker's.
  const line = text.slice(0, limit * 2).replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ');
  const characters = [...line];
  if (characters.length <= limit && text.length <= limit * 2) return line;
  const kept = characters.slice(0, limit - 24).join('');
  return `${kept} … (${text.length} characters)`;
}
