/** The command line and the configuration file of confd. */
import { parse } from 'smol-toml';

export const BACKENDS = ['etcdv3', 'tree', 'file', 'env'] as const;
export type Backend = (typeof BACKENDS)[number];

export const LOG_LEVELS = ['panic', 'fatal', 'error', 'warning', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface ConfdOptions {
  readonly backend: Backend;
  readonly nodes: readonly string[];
  /** Files and folders of the backends `tree` and `file`. */
  readonly files: readonly string[];
  readonly filter: string;
  readonly confDir: string;
  readonly prefix: string;
  readonly interval: number;
  readonly watch: boolean;
  readonly oneTime: boolean;
  readonly noop: boolean;
  readonly syncOnly: boolean;
  readonly keepStageFile: boolean;
  readonly logLevel: LogLevel;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly username: string;
  readonly password: string;
  /** What is taken, but not as confd would take it. */
  readonly warnings: readonly string[];
}

type Kind = 'string' | 'list' | 'boolean' | 'number';

interface Flag {
  readonly kind: Kind;
  readonly help: string;
  /** Names in the configuration file; none where the file cannot say it. */
  readonly file?: readonly string[];
}

const text = (help: string, ...file: string[]): Flag => ({ kind: 'string', help, file });
const list = (help: string, ...file: string[]): Flag => ({ kind: 'list', help, file });
const yes = (help: string, ...file: string[]): Flag => ({ kind: 'boolean', help, file });

const FLAGS: Readonly<Record<string, Flag>> = {
  backend: text(`where keys come from: ${BACKENDS.join(', ')} (etcdv3)`, 'backend'),
  'basic-auth': yes('send the user name and the password to etcd', 'basic_auth'),
  'client-ca-keys': text('file with the certificate of the CA that etcd is to be signed by', 'client_cakeys'),
  'client-cert': text('file with the certificate to show to etcd', 'client_cert'),
  'client-key': text('file with the key of that certificate', 'client_key'),
  confdir: text('folder with conf.d and templates (/etc/confd)', 'confdir'),
  'config-file': text('configuration file (/etc/confd/confd.toml)'),
  file: list('file or folder of the backends tree and file; may be given more than once', 'file'),
  filter: text('names of the files in folders that the backend file reads (*)', 'filter'),
  interval: { kind: 'number', help: 'seconds between two readings (600)', file: ['interval'] },
  'keep-stage-file': yes('keep staged files', 'keepstagefile', 'keep-stage-file'),
  'log-level': text(`least important lines that are logged: ${LOG_LEVELS.join(', ')} (info)`, 'log-level'),
  node: list('endpoint of etcd; may be given more than once', 'nodes'),
  noop: yes('only show what would change', 'noop'),
  onetime: yes('run once and exit'),
  password: text('password for etcd', 'password'),
  prefix: text('key path prefix, in place of those of the template resources', 'prefix'),
  'sync-only': yes('neither check_cmd nor reload_cmd', 'sync-only'),
  username: text('user name for etcd', 'username'),
  version: yes('print the version and exit'),
  watch: yes('follow changes as they are made', 'watch'),
};

/** Flags of confd that have no use here, and why. */
const REFUSED: Readonly<Record<string, string>> = {
  'auth-token': 'no backend takes tokens',
  'auth-type': 'there is no backend vault',
  'app-id': 'there is no backend vault',
  'user-id': 'there is no backend vault',
  'role-id': 'there is no backend vault',
  'secret-id': 'there is no backend vault',
  path: 'there is no backend vault',
  table: 'there is no backend dynamodb',
  separator: 'there is no backend redis',
  'client-insecure': 'certificates are always verified; -client-ca-keys names the CA to trust',
  scheme: 'write http:// or https:// before the endpoints that -node names',
  'srv-domain': 'name the endpoints with -node',
  'srv-record': 'name the endpoints with -node',
};
/** Their names in the configuration file. */
const REFUSED_IN_FILE: Readonly<Record<string, string>> = {
  auth_token: 'auth-token',
  auth_type: 'auth-type',
  app_id: 'app-id',
  user_id: 'user-id',
  role_id: 'role-id',
  secret_id: 'secret-id',
  client_insecure: 'client-insecure',
  srv_domain: 'srv-domain',
  srv_record: 'srv-record',
};

type FlagValue = string | number | boolean | readonly string[];
type Values = Map<string, FlagValue>;

/** Wrong flags: exit code 2, as Go's programs have it. */
export class UsageError extends Error {}

export const USAGE = `Usage: catbird confd [FLAG]...

Renders the templates of confd's template resources from keys, and keeps their files up to date. Flags may be written
with one dash or two.

${Object.entries(FLAGS)
  .map(
    ([name, { kind, help }]) =>
      `  -${`${name}${kind === 'boolean' ? '' : ` ${VALUE_NAMES(kind)}`}`.padEnd(24)} ${help}`,
  )
  .join('\n')}
`;

function VALUE_NAMES(kind: Kind): string {
  return kind === 'number' ? 'N' : 'TEXT';
}

const TRUE = ['1', 't', 'T', 'true', 'TRUE', 'True'];
const FALSE = ['0', 'f', 'F', 'false', 'FALSE', 'False'];

/** Reads flags as Go's `flag` package does. Throws `UsageError`. */
export function parseFlags(args: readonly string[]): Values {
  const values: Values = new Map();
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(args[i]!);
    if (!match) throw new UsageError(`'${args[i]}' is no flag`);
    const name = match[1]!;
    if (Object.hasOwn(REFUSED, name)) throw new UsageError(`-${name} is not supported: ${REFUSED[name]}`);
    const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
    if (!flag) throw new UsageError(`flag provided but not defined: -${name}`);
    let value = match[2];
    if (flag.kind === 'boolean') {
      value ??= 'true';
      if (!TRUE.includes(value) && !FALSE.includes(value)) {
        throw new UsageError(`invalid boolean value "${value}" for -${name}`);
      }
      values.set(name, TRUE.includes(value));
      continue;
    }
    value ??= args[++i];
    if (value === undefined) throw new UsageError(`flag needs an argument: -${name}`);
    if (flag.kind === 'number') values.set(name, wholeNumber(name, value));
    else if (flag.kind === 'list')
      values.set(name, [...((values.get(name) as string[] | undefined) ?? []), value]);
    else values.set(name, value);
  }
  return values;
}

function wholeNumber(name: string, value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new UsageError(`invalid value "${value}" for flag -${name}: not a whole number`);
  return Number(value);
}

/** Reads confd's configuration file. Throws an error that says what is wrong. */
export function parseConfigFile(path: string, content: string): Values {
  const wrong = (why: string): never => {
    throw new Error(`${path}: ${why}`);
  };
  let table: Record<string, unknown>;
  try {
    table = parse(content);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const values: Values = new Map();
  for (const [written, value] of Object.entries(table)) {
    const name = written.toLowerCase();
    const refused = REFUSED_IN_FILE[name] ?? name;
    if (Object.hasOwn(REFUSED, refused)) {
      if (value === '' || value === false) continue;
      wrong(`${written} is not supported: ${REFUSED[refused]}`);
    }
    const found = Object.entries(FLAGS).find(([, { file }]) => file?.includes(name));
    if (!found) return wrong(`${written} means nothing here`);
    const [flag, { kind }] = found;
    if (kind === 'list') {
      if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) {
        return wrong(`${written} is to be an array of strings`);
      }
      values.set(flag, value as string[]);
    } else if (typeof value === kind && (kind !== 'number' || Number.isInteger(value))) {
      values.set(flag, value as FlagValue);
    } else {
      wrong(`${written} is to be ${kind === 'number' ? 'a whole number' : `a ${kind}`}`);
    }
  }
  return values;
}

/**
 * What flags, the configuration file and the environment say, in this order of weight.
 * Throws an error where that makes no sense.
 */
export function confdOptions(
  flags: Values,
  file: Values,
  environment: (name: string) => string | undefined,
): ConfdOptions {
  const value = (name: string): FlagValue | undefined => flags.get(name) ?? file.get(name);
  const string = (name: string, usual = ''): string => (value(name) as string | undefined) || usual;
  const boolean = (name: string): boolean => value(name) === true;
  const strings = (name: string): readonly string[] => (value(name) as readonly string[] | undefined) ?? [];
  const warnings: string[] = [];
  const backend = backendOf(string('backend', 'etcdv3'), warnings);
  const files = strings('file');
  if ((backend === 'tree' || backend === 'file') && files.length === 0) {
    throw new Error(`the backend ${backend} needs -file`);
  }
  if (files.length > 0 && backend !== 'tree' && backend !== 'file') {
    throw new Error(`-file is of the backends tree and file, not of ${backend}`);
  }
  const nodes = strings('node');
  if (nodes.length > 0 && backend !== 'etcdv3')
    throw new Error(`-node is of the backend etcdv3, not of ${backend}`);
  const isBasicAuth = boolean('basic-auth');
  const username = string('username');
  const password = string('password');
  if (isBasicAuth && (username === '' || password === ''))
    throw new Error('-basic-auth needs -username and -password');
  if (boolean('watch') && boolean('onetime')) warnings.push('-watch means nothing with -onetime');
  return {
    backend,
    nodes,
    files,
    filter: string('filter', '*'),
    confDir: string('confdir', '/etc/confd'),
    prefix: string('prefix'),
    interval: (value('interval') as number | undefined) ?? 600,
    watch: boolean('watch'),
    oneTime: boolean('onetime'),
    noop: boolean('noop'),
    syncOnly: boolean('sync-only'),
    keepStageFile: boolean('keep-stage-file'),
    logLevel: logLevel(string('log-level', 'info')),
    caFile: string('client-ca-keys', environment('CONFD_CLIENT_CAKEYS')),
    certFile: string('client-cert', environment('CONFD_CLIENT_CERT')),
    keyFile: string('client-key', environment('CONFD_CLIENT_KEY')),
    username,
    password,
    warnings,
  };
}

function backendOf(name: string, warnings: string[]): Backend {
  if (name === 'etcd') {
    warnings.push("the backend etcd is read with etcd's v3 API: its v2 API is not supported");
    return 'etcdv3';
  }
  if ((BACKENDS as readonly string[]).includes(name)) return name as Backend;
  throw new Error(`there is no backend '${name}': ${BACKENDS.join(', ')} are there`);
}

function logLevel(name: string): LogLevel {
  const level = name.toLowerCase() === 'warn' ? 'warning' : name.toLowerCase();
  if ((LOG_LEVELS as readonly string[]).includes(level)) return level as LogLevel;
  throw new Error(`not a valid level: "${name}"`);
}
