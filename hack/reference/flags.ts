/** docs/reference/flags.md, from the commands themselves. */
import { PassThrough } from 'node:stream';
import type { Command, Option } from 'commander';
import { program } from '../../src/cli/program.ts';
import { code, GENERATED, table } from './markdown.ts';

const HELP = '--help';

/** What is said of a switch's variable stands in its description, for the library would take any value for yes. */
const SWITCH = / \(env: (TRUSTMINT_[A-Z_]+)=true\)$/;

function row(option: Option): string[] {
  const [, variable = option.envVar] = SWITCH.exec(option.description) ?? [];
  const standard = option.defaultValueDescription ?? option.defaultValue;
  const about = [
    option.description.replace(SWITCH, ''),
    ...(option.argChoices ? [`One of ${option.argChoices.map(code).join(', ')}.`] : []),
  ].join('. ');
  const shown = typeof standard === 'string' || typeof standard === 'number' ? code(String(standard)) : '';
  return [
    `${code(option.flags)}${variable ? `<br>${code(variable)}` : ''}`,
    option.mandatory ? 'required' : shown,
    about.replace(/\.\. /, '. '),
  ];
}

function pageOf(command: Command, path: string): string[] {
  const options = command.options.filter(({ hidden, long }) => !hidden && long !== HELP);
  const parts = [`## ${path}`, command.description()];
  if (command.commands.length > 0) {
    const visible = command.commands.filter((one) => !(one as { _hidden?: boolean })._hidden);
    parts.push(
      table(
        ['command', ''],
        visible.map((one) => [
          `[${path} ${one.name()}](#${`${path}-${one.name()}`.replaceAll(' ', '-')})`,
          one.description(),
        ]),
      ),
    );
    if (options.length > 0) parts.push(table(['flag, variable', 'default', ''], options.map(row)));
    return [...parts, ...visible.flatMap((one) => pageOf(one, `${path} ${one.name()}`))];
  }
  parts.push(`\`\`\`text\n${`${path} ${command.usage()}`.trim()}\n\`\`\``);
  if (command.registeredArguments.length > 0) {
    const rows = command.registeredArguments.map((one) => [
      code(one.required ? `<${one.name()}>` : `[${one.name()}]`),
      one.description,
    ]);
    parts.push(table(['argument', ''], rows));
  }
  if (options.length > 0) parts.push(table(['flag, variable', 'default', ''], options.map(row)));
  return parts;
}

export function flagsPage(): string {
  const nowhere = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  return `${GENERATED}
# Commands and flags

Each flag with a variable can be set by it instead; the flag wins. \`${HELP}\` says the same. What they are for: [standalone](../standalone.md#flags-of-serve), [in a cluster](../kubernetes.md#flags).

${pageOf(program(nowhere), 'trustmint').join('\n\n')}
`;
}
