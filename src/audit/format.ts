import { cleanText } from './clean.ts';

export interface FormatOptions {
  /** ANSI colours; default none. */
  readonly color?: boolean;
}

const GREEN = 32;
const RED = 31;
const YELLOW = 33;
const DIM = 2;

type Json = Readonly<Record<string, unknown>>;

/** Reads members of what may be anything: a log file is input like any other. */
class Reader {
  readonly #value: Json;

  constructor(value: unknown) {
    this.#value = typeof value === 'object' && value !== null ? (value as Json) : {};
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#value, name) && this.#value[name] !== undefined && this.#value[name] !== null;
  }

  in(name: string): Reader {
    return new Reader(this.has(name) ? this.#value[name] : undefined);
  }

  text(name: string): string {
    if (!this.has(name)) return '-';
    const value = this.#value[name];
    return cleanText(typeof value === 'string' ? value : JSON.stringify(value), 512) || '-';
  }

  list(name: string): string[] {
    const value = this.has(name) ? this.#value[name] : undefined;
    return Array.isArray(value) ? value.map((v) => cleanText(String(v), 256)) : [];
  }
}

/** 28800 → 8h, 5400 → 1h30m. */
function span(text: string): string {
  const seconds = Number(text);
  if (!Number.isSafeInteger(seconds) || seconds <= 0) return text;
  const parts = [
    [Math.floor(seconds / 3600), 'h'],
    [Math.floor((seconds % 3600) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n}${unit}`)
    .join('');
}

function until(text: string): string {
  const seconds = Number(text);
  // The range of Date.
  return Number.isSafeInteger(seconds) && Math.abs(seconds) < 8.64e12 ? new Date(seconds * 1000).toISOString() : text;
}

function policyOf(r: Reader): string {
  if (!r.has('policy')) return '';
  const policy = r.in('policy');
  const name = policy.has('namespace') ? `${policy.text('namespace')}/${policy.text('name')}` : policy.text('name');
  return r.has('rule') ? `${name}#${r.text('rule')}` : name;
}

function who(r: Reader): string {
  return r.has('identity')
    ? `${r.in('identity').text('subject')} (${r.in('identity').text('issuer')})`
    : r.text('peer');
}

function granted(r: Reader): string[] {
  const g = r.in('granted');
  const caveats = g.list('caveats');
  return [
    `by ${policyOf(r) || '-'}`,
    `for ${g.text('resource')}, tenant ${g.text('tenant')}, ${span(g.text('ttl'))}`,
    ...(g.has('budget_credits') ? [`${g.text('budget_credits')} credits`] : []),
    ...(g.has('label') ? [`label ${g.text('label')}`] : []),
    ...(caveats.length > 0 ? [`[${caveats.join(' · ')}]`] : []),
    ...(g.has('client_id') ? [`client ${g.text('client_id')}`] : []),
    ...(g.has('scopes') ? [`scopes ${g.list('scopes').join(' ') || '-'}`] : []),
    ...(g.has('subject') ? [`acts for ${g.text('subject')}`] : []),
    ...(g.has('delegated_by') ? [`delegated by ${g.text('delegated_by')}`] : []),
    ...(g.has('may_act') ? [`may be used by ${g.text('may_act')}`] : []),
    `grant ${g.text('grant_id')}`,
  ];
}

function refused(r: Reader): string[] {
  const f = r.in('refused');
  const policy = policyOf(r);
  return [
    `at ${f.text('stage')}: ${f.text('reason')}${f.has('detail') ? `: ${f.text('detail')}` : ''}`,
    ...(policy ? [`by ${policy}`] : []),
    `answered ${f.text('code')}`,
  ];
}

function revocation(r: Reader): string[] {
  return [
    `${r.text('by')} ${r.text('value')}, tenant ${r.has('tenant') ? r.text('tenant') : 'any'}`,
    ...(r.has('issued_before') ? [`issued up to ${until(r.text('issued_before'))}`] : []),
    ...(r.has('reason') ? [r.text('reason')] : []),
    r.text('source'),
  ];
}

function ended(r: Reader): string[] {
  const name = r.has('namespace') ? `${r.text('namespace')}/${r.text('name')}` : r.text('name');
  return [
    `${r.text('policy_kind')} ${name}`,
    r.text('why'),
    ...(r.has('tokens_valid_until') ? [`no token of it is good after ${until(r.text('tokens_valid_until'))}`] : []),
    ...(r.has('tombstone') ? [r.text('tombstone')] : []),
  ];
}

/** What became of a revocation; of all else it is in force from then on. */
const ENDS = new Map([
  ['undone', 'UNDONE'],
  ['expired', 'EXPIRED'],
  ['kept', 'KEPT'],
]);

function registered(r: Reader): string[] {
  const user = r.has('user_id') ? [`a ${r.text('agent_type')} for ${r.text('user_id')}`] : [];
  const why = r.has('reason') ? [`answered ${r.text('reason')}`] : [];
  const by = `by ${r.has('requested_by') ? r.text('requested_by') : r.text('peer')}`;
  return [`agent ${r.text('namespace')}/${r.text('name')} ${r.text('action')}`, ...user, by, ...why];
}

/** The word a record begins with, its colour, and the rest of the sentence. */
function sentence(r: Reader): { word: string; colour: number; parts: string[] } {
  switch (r.text('kind')) {
    case 'exchange':
      return r.text('outcome') === 'granted'
        ? { word: 'GRANTED', colour: GREEN, parts: [who(r), ...granted(r)] }
        : { word: 'REFUSED', colour: RED, parts: [who(r), ...refused(r)] };
    case 'revocation':
      return { word: ENDS.get(r.text('action')) ?? 'REVOKED', colour: YELLOW, parts: revocation(r) };
    case 'policy':
      return { word: r.text('action') === 'revoked' ? 'REVOKED' : 'DELETED', colour: YELLOW, parts: ended(r) };
    case 'agent':
      return r.text('action') === 'refused'
        ? { word: 'REFUSED', colour: RED, parts: registered(r) }
        : { word: 'AGENT', colour: YELLOW, parts: registered(r) };
    case 'key':
      return { word: 'KEY', colour: YELLOW, parts: [`${r.text('kid')} ${r.text('action')}`] };
    case 'suppressed': {
      const during = `from ${r.text('from')} to ${r.text('to')}`;
      return { word: 'COUNTED', colour: RED, parts: [`${r.text('count')} more refusals of ${r.text('of')}`, during] };
    }
    default:
      return { word: 'UNKNOWN', colour: YELLOW, parts: [`a record of kind ${r.text('kind')}`] };
  }
}

/**
 * One line for a person: when, what came of it, who, by which rule, what or why.
 *
 * @param record as parsed from a log: members that are missing or of another type show as `-`, never as an error
 */
export function formatRecord(record: unknown, options: FormatOptions = {}): string {
  const paint = (code: number, text: string) => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const r = new Reader(record);
  const { word, colour, parts } = sentence(r);
  const late = r.has('late') ? [paint(YELLOW, '(late: nothing was handed out)')] : [];
  const id = r.has('id') && r.text('id') !== '-' ? [paint(DIM, `id ${r.text('id')}`)] : [];
  const head = `${paint(DIM, r.text('time'))} ${paint(colour, word.padEnd(7))}`;
  return [`${head} ${parts.join('; ')}`, ...late, ...id].join('  ');
}
