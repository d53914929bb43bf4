/** What may stand next on a command line: read off the same program that parses it. */
import { type Command, Help, type Option } from 'commander';
import { gathered } from './flags.ts';

/** What a shell may offer beside the candidates; the numbers are those of kubectl's plugins. */
export const FILES = 0;
export const NOTHING_ELSE = 4;
export const DIRECTORIES = 16;

export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly beside: typeof FILES | typeof NOTHING_ELSE | typeof DIRECTORIES;
}

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

const help = new Help();

/**
 * @param words as typed after the program's name; the last one is being typed, and may be empty
 */
export function complete(root: Command, words: readonly string[]): Completion {
  const current = words.at(-1) ?? '';
  const place = placeOf(root, words.slice(0, -1));
  const { command, used, awaited, onlyArguments } = place;
  if (awaited) return offered(valuesOf(awaited), current, '');
  if (!onlyArguments && current.startsWith('--') && current.includes('=')) {
    const name = current.slice(0, current.indexOf('='));
    const option = optionsOf(command).find(({ long }) => long === name);
    return option && takesValue(option) ? offered(valuesOf(option), current, `${name}=`) : NOTHING;
  }
  const options = optionsOf(command).filter((option) => !used.has(option) || option.parseArg === gathered);
  const flags = options.map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
  if (!onlyArguments && current.startsWith('-')) return offered({ values: flags, beside: NOTHING_ELSE }, current, '');
  const next = argumentsOf(place);
  if (next.values.length > 0 || next.beside !== NOTHING_ELSE || onlyArguments) return offered(next, current, '');
  // Where nothing but flags may follow they are what is asked for.
  return offered({ values: flags, beside: NOTHING_ELSE }, current, '');
}

const NOTHING: Completion = { candidates: [], beside: NOTHING_ELSE };

interface Values {
  readonly values: readonly Candidate[];
  readonly beside: Completion['beside'];
}

function offered({ values, beside }: Values, current: string, prefix: string): Completion {
  const candidates = values
    .map(({ value, description }) => ({ value: prefix + value, description: firstSentence(description) }))
    .filter(({ value }) => value.startsWith(current));
  return { candidates, beside };
}

interface Place {
  readonly command: Command;
  /** How many arguments it has already. */
  readonly taken: number;
  readonly used: ReadonlySet<Option>;
  /** The flag whose value comes next. */
  readonly awaited: Option | undefined;
  /** After `--`. */
  readonly onlyArguments: boolean;
}

function placeOf(root: Command, words: readonly string[]): Place {
  let command = root;
  let taken = 0;
  let awaited: Option | undefined;
  let onlyArguments = false;
  let used = new Set<Option>();
  for (const word of words) {
    if (awaited) {
      awaited = undefined;
    } else if (word === '--' && !onlyArguments) {
      onlyArguments = true;
    } else if (word.startsWith('-') && word !== '-' && !onlyArguments) {
      const [name] = word.split('=');
      const option = optionsOf(command).find(({ long, short }) => name === long || name === short);
      if (option) used.add(option);
      if (option && takesValue(option) && !word.includes('=')) awaited = option;
    } else {
      const next = taken === 0 && !onlyArguments ? command.commands.find((one) => one.name() === word) : undefined;
      if (next) [command, used] = [next, new Set()];
      // `help` is no command of the list; what follows it is.
      else if (!(word === 'help' && command.commands.length > 0)) taken += 1;
    }
  }
  return { command, taken, used, awaited, onlyArguments };
}

function argumentsOf({ command, taken }: Place): Values {
  if (command.commands.length > 0) {
    const names = help.visibleCommands(command).map((one) => ({ value: one.name(), description: one.description() }));
    return { values: taken === 0 ? names : [], beside: NOTHING_ELSE };
  }
  const declared = command.registeredArguments;
  const last = declared.at(-1);
  const argument = declared[taken] ?? (last?.variadic ? last : undefined);
  if (!argument) return { values: [], beside: NOTHING_ELSE };
  const values = (argument.argChoices ?? []).map((value) => ({ value, description: '' }));
  return { values, beside: argument.name() === 'file' ? FILES : NOTHING_ELSE };
}

function valuesOf(option: Option): Values {
  const values = (option.argChoices ?? []).map((value) => ({ value, description: '' }));
  const [, placeholder = ''] = /<([^>]*)>/.exec(option.flags) ?? [];
  return { values, beside: { file: FILES, dir: DIRECTORIES }[placeholder] ?? NOTHING_ELSE } as Values;
}

function optionsOf(command: Command): Option[] {
  return help.visibleOptions(command);
}

function takesValue({ required, optional }: Option): boolean {
  return required || optional;
}

/** Enough for a line of a list; the rest is in `--help`. */
function firstSentence(text: string): string {
  return text.split(/[.;:](?: |$)/, 1)[0]!.replace(/\s+/g, ' ');
}

/** As shells and kubectl read it: a candidate a line with its description after a tab, then what else to offer. */
export function printed({ candidates, beside }: Completion): string {
  const lines = candidates.map(({ value, description }) => (description ? `${value}\t${description}` : value));
  return `${[...lines, `:${beside}`].join('\n')}\n`;
}
