/** The command line: which commands there are. Each lives in its own file and is loaded when it is called. */
import { Command, CommanderError, Option } from 'commander';
import { addAgent } from './agent-command.ts';
import { complete, printed } from './completion.ts';
import { addCompletion } from './completion-command.ts';
import { CliError, ToldError } from './errors.ts';
import { addExchange } from './exchange-command.ts';
import {
  audienceName,
  dnsNames,
  issuerUrl,
  issuerUrls,
  keyLife,
  listenAddress,
  namespaceNames,
  objectName,
  rate,
  staleness,
  tenantName,
  tokenLife,
  wait,
  wholeNumber,
} from './flags.ts';
import { type Io, processIo } from './io.ts';
import { addKeys } from './keys-command.ts';
import { LOG_FORMATS, LOG_LEVELS } from './log.ts';
import { option } from './option.ts';
import { addRevoke } from './revoke-command.ts';
import { addToken } from './token-command.ts';
import { addUninstall } from './uninstall-command.ts';
import { version } from './version.ts';

/**
 * Runs one command line; returns its exit code.
 * @param name as it was typed, for the help
 */
export async function run(argv: readonly string[], io: Io = processIo, name = 'trustmint'): Promise<number> {
  try {
    const root = program(io).name(name);
    // What is half typed is no command line to parse.
    if (argv[2] === '__complete') io.stdout.write(printed(complete(root, argv.slice(3))));
    else await root.parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError || error instanceof ToldError) return error.exitCode;
    if (error instanceof CliError) {
      io.stderr.write(`trustmint: ${error.message}${error.code ? ` (${error.code})` : ''}\n`);
      return error.exitCode;
    }
    const code = (error as { code?: unknown }).code;
    if (error instanceof Error && typeof code === 'string') {
      io.stderr.write(`trustmint: ${error.message} (${code})\n`);
      return 1;
    }
    throw error;
  }
}

export function program(io: Io): Command {
  const root = new Command('trustmint')
    .description('Turns the identity a workload already has into a short-lived token it can use.')
    .version(version())
    .exitOverride()
    .configureOutput({ writeOut: (s) => io.stdout.write(s), writeErr: (s) => io.stderr.write(s) });
  addServe(root, io);
  addPolicy(root, io);
  addExchange(root, io);
  addToken(root, io);
  addRevoke(root, io);
  addAgent(root, io);
  addKeys(root, io);
  addUninstall(root, io);
  addAudit(root, io);
  addDev(root, io);
  addCompletion(root, io);
  return root;
}

function addServe(root: Command, io: Io): void {
  root
    .command('serve')
    .description('Serve exchanges: by the policies of this cluster, or of a directory.')
    .addOption(option('--manifests <dir>', 'serve a directory of manifests instead of a cluster'))
    .addOption(option('--kubeconfig <file>', 'the cluster to serve; default: that of this pod'))
    .addOption(option('--namespace <name>', "the operator's own; default: that of this pod, or of the kubeconfig"))
    .addOption(
      option('--tenancy <mode>', 'what a tenant is; default: namespace').choices([
        'namespace',
        'namespace-label',
        'single',
      ]),
    )
    .addOption(
      option(
        '--watch-namespaces <names>',
        "serve only these and the operator's own, separated by commas; default: all",
        namespaceNames,
      ),
    )
    .addOption(
      option(
        '--service-account-issuers <urls>',
        'further issuers of this cluster, separated by commas: while its own one changes',
        issuerUrls,
      ),
    )
    .addOption(
      option('--no-finalizers', 'let deleted policies go at once, and take our finalizer off those that have it'),
    )
    .addOption(option('--issuer <url>', 'our own issuer identifier', issuerUrl).makeOptionMandatory())
    .addOption(
      option('--listen <host:port>', 'where exchanges are answered', listenAddress).default(
        listenAddress('127.0.0.1:8080'),
        '127.0.0.1:8080',
      ),
    )
    .addOption(
      option('--ops-listen <host:port>', 'health, metrics, policies, explain', listenAddress).default(
        listenAddress('127.0.0.1:8081'),
        '127.0.0.1:8081',
      ),
    )
    .addOption(option('--data-dir <dir>', 'keys and revocations').default('.trustmint'))
    .addOption(option('--audit-log <file>', 'audit records also to this file'))
    .addOption(option('--tls-cert <file>', 'certificate chain, PEM; reloaded when it changes'))
    .addOption(option('--tls-key <file>', 'private key, PEM; reloaded when it changes'))
    .addOption(
      option(
        '--tls-self-signed <names>',
        'make and renew a certificate for these DNS names, and a CA of its own',
        dnsNames,
      ),
    )
    .addOption(option('--tls-secret <name>', 'where both are kept; default: trustmint-tls', objectName))
    .addOption(
      option('--ca-config-map <name>', 'where clients find the CA, as ca.crt; default: trustmint-ca', objectName),
    )
    .addOption(
      option('--ca-namespaces <names>', "namespaces besides the operator's own with such a ConfigMap", namespaceNames),
    )
    .addOption(option('--insecure-http', 'plain HTTP on other addresses than loopback'))
    .addOption(option('--max-ttl <duration>', 'no token lives longer', tokenLife).default(86_400, '24h'))
    .addOption(option('--max-staleness <duration>', 'no exchange by an older view', staleness).default(600, '10m'))
    .addOption(
      option('--rate-limit <rate,burst>', 'exchanges a second and identity', rate).default(rate('20,100'), '20,100'),
    )
    .addOption(option('--tenant <name>', 'the tenant where no policy writes one', tenantName).default('default'))
    .addOption(
      option('--default-audience <name>', 'the audience of the built-in resource', audienceName).default('default'),
    )
    .addOption(option('--verifier-token-file <file>', 'bearer token of gateways that verify'))
    .addOption(option('--admin-token-file <file>', 'bearer token for explain and policies'))
    .addOption(option('--rotate-keys <duration>', 'how long one key signs', keyLife).default(30 * 86_400, '720h'))
    .addOption(
      option('--drain-delay <duration>', 'told to stop, accept so much longer: until nobody sends here', wait).default(
        0,
        '0s',
      ),
    )
    .addOption(
      option('--log-format <format>', 'of standard error; auto: text on a terminal, else JSON lines')
        .choices(LOG_FORMATS)
        .default('auto'),
    )
    .addOption(option('--log-level <level>', 'the least that is logged').choices(LOG_LEVELS).default('info'))
    .action(async (flags) => (await import('./serve.ts')).serve(flags, io));
}

function addPolicy(root: Command, io: Io): void {
  const policy = root.command('policy').description('Check and convert policies, offline.');
  policy
    .command('lint')
    .description('Print every problem of manifests, and rules that are unreachable or too broad.')
    .argument('<file...>', 'manifests, or directories of them')
    .addOption(option('--tenant <name>', 'compile as an installation of one tenant', tenantName).default('default'))
    .addOption(option('--issuer <url>', 'our own issuer identifier, to hold audiences against', issuerUrl))
    .option('--namespace-tenancy', 'compile as an installation where each namespace is a tenant')
    .option('--strict', 'warnings fail too')
    .action(async (files: string[], flags) => (await import('./policy.ts')).lintPolicies(files, flags, io));
  policy
    .command('convert')
    .description('Read a snake_case trust policy and print the resource.')
    .argument('[file]', 'a file, or - for standard input', '-')
    .option('--name <name>', "the resource's name; default: the file's")
    .action(async (file: string, flags) => (await import('./policy.ts')).convertPolicy(file, flags, io));
}

function addAudit(root: Command, io: Io): void {
  root
    .command('audit')
    .description('The audit records.')
    .command('tail')
    .description('Print audit records for people.')
    .argument('[file]', 'the audit log; - for standard input', '-')
    .option('-f, --follow', 'go on as the file grows, or is replaced')
    .option('-n, --lines <count>', 'begin this many records before the end', wholeNumber)
    .action(async (file: string, flags) => (await import('./audit.ts')).tail(file, flags, io));
}

function addDev(root: Command, io: Io): void {
  root
    .command('dev')
    .description('For trying things out. Never for production.')
    .command('issuer')
    .description(
      'An identity issuer on loopback: real keys, discovery, JWKS, a SPIFFE bundle, and tokens with the claims you choose.',
    )
    // No variable: TRUSTMINT_LISTEN is the mint's.
    .addOption(
      new Option('--listen <host:port>', 'loopback only')
        .argParser(listenAddress)
        .default(listenAddress('127.0.0.1:0'), '127.0.0.1:0'),
    )
    .option('--trust-domain <name>', 'the trust domain of its SVIDs', 'cluster.local')
    .action(async (flags) => (await import('./dev-issuer.ts')).devIssuer(flags, io));
}
