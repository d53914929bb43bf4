/** A flag that can also be set as TRUSTMINT_…. */
import { Option } from 'commander';

/** @param parse of the value; it says what would have been right */
export function option(flags: string, description: string, parse?: (value: string) => unknown): Option {
  const name = /--([a-z-]+)/.exec(flags)?.[1] ?? '';
  const variable = `TRUSTMINT_${name.toUpperCase().replaceAll('-', '_')}`;
  // The library would take any value of a switch's variable for yes, `false` too.
  if (!flags.includes('<')) {
    const made = new Option(flags, `${description} (env: ${variable}=true)`);
    return process.env[variable] === 'true' ? made.default(!flags.startsWith('--no-')) : made;
  }
  const made = new Option(flags, description).env(variable);
  return parse ? made.argParser(parse) : made;
}
