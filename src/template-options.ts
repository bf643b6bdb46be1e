/** Options of the command line that say where templates and keys are. Little is loaded with them: see `reflector-command.ts`. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { wrongName } from './confd/fleet/keys.ts';
import type { Registration } from './confd/fleet/report.ts';
import type { RenderSettings } from './confd/io/render-messages.ts';
import type { ConfdOptions } from './confd/options.ts';
import { confdOptions } from './confd/options.ts';
import { EMBEDDED } from './configuration-options.ts';
import { version } from './version.ts';

export const DEFAULT_STATE = './var';
/** Folder of keys that is read where nothing else is said. */
const DEFAULT_KEYS = './etc/catbird/keys';
const BUILTIN = resolve(import.meta.dirname, 'confd/builtin');
const BUILTIN_NAMES = ['reflector', 'client'];
const LAST_GOOD = 'last-good.json';

/** How long a reflector that has died is in the fleet. */
const DEFAULT_TTL_S = 30;
const [LEAST_TTL_S, MOST_TTL_S] = [5, 3600];

/** Options of the command line that say where templates and keys are. */
export const TEMPLATE_OPTIONS = {
  confdir: { type: 'string' },
  builtin: { type: 'string' },
  backend: { type: 'string' },
  node: { type: 'string', multiple: true },
  file: { type: 'string', multiple: true },
  filter: { type: 'string' },
  prefix: { type: 'string' },
  'client-ca-keys': { type: 'string' },
  'client-cert': { type: 'string' },
  'client-key': { type: 'string' },
  username: { type: 'string' },
  password: { type: 'string' },
  state: { type: 'string' },
  write: { type: 'boolean' },
  'no-register': { type: 'boolean' },
  'register-ttl': { type: 'string' },
} as const;

export const TEMPLATE_HELP = `
Instead of -c, the configuration is rendered from templates and keys, and follows the keys:
  --confdir DIR       folder with conf.d and templates, as of confd; the resource whose dest is called bird.cfg or
                      bird.conf, and bird6.cfg or bird6.conf, is the configuration, the others are for it to include
  --builtin NAME      Catbird's own templates instead: reflector, which is the default, or client
  --backend NAME      etcdv3, tree, file or env; without it etcdv3 where --node, --confdir or ETCD_ENDPOINTS says where,
                      else tree
  --node URL          endpoint of etcd, may be given more than once; else ETCD_ENDPOINTS, or ETCD_AUTHORITY and
                      ETCD_SCHEME, else 127.0.0.1:2379
  --client-ca-keys FILE, --client-cert FILE, --client-key FILE
                      certificates for etcd; else ETCD_CA_CERT_FILE, ETCD_CERT_FILE, ETCD_KEY_FILE
  --username NAME, --password TEXT
                      for etcd; else ETCD_USERNAME, ETCD_PASSWORD, which others on this machine do not see
  --file PATH         file or folder of the backends tree and file, may be given more than once; without one tree reads
                      ${DEFAULT_KEYS}, which need not be there
  --filter PATTERN    names of the files in folders that the backend file reads
  --prefix PATH       in place of the prefixes of all template resources
  --state DIR         folder that keeps the last good configuration, for a start without the store (default ${DEFAULT_STATE})
  --write             the texts go to their files (dest) too, with mode 0600 unless the resource says otherwise; check_cmd and
                      reload_cmd run for those that are not part of the configuration
  --no-register       with etcdv3 the reflector tells etcd, below /catbird_fleet, who it is and how it is, for
                      'catbird fleet' to show: not so
  --register-ttl SECONDS
                      how long it is still there after it has died (default ${DEFAULT_TTL_S})
`;

type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface TemplateSettings extends RenderSettings {
  /** Stands for the path of the configuration in messages. */
  readonly label: string;
}

/** What the options say; undefined where a file is to be read. Throws an error where they make no sense. */
export function templateSettings(
  values: Values,
  environment: (name: string) => string | undefined,
): TemplateSettings | undefined {
  const given = Object.keys(TEMPLATE_OPTIONS).filter((name) => values[name] !== undefined);
  if (values['config'] !== undefined) {
    if (given.length === 0) return undefined;
    throw new Error(`a configuration is a file (-c) or rendered from templates (--${given[0]}), not both`);
  }
  const builtin = builtinName(values);
  const own = ['state', 'write', 'builtin', 'no-register', 'register-ttl'];
  const flags = new Map<string, string | boolean | readonly string[]>();
  for (const name of given) if (!own.includes(name)) flags.set(name, values[name]!);
  if (!flags.has('backend')) {
    const namesEtcd =
      builtin === undefined || ['ETCD_ENDPOINTS', 'ETCD_AUTHORITY'].some((name) => environment(name));
    const isEtcd = flags.has('node') || (namesEtcd && !flags.has('file'));
    flags.set('backend', isEtcd ? 'etcdv3' : 'tree');
  }
  const isDefaultTree = flags.get('backend') === 'tree' && !flags.has('file');
  if (isDefaultTree) flags.set('file', [DEFAULT_KEYS]);
  let options: ConfdOptions;
  try {
    options = confdOptions(flags, new Map(), environment);
  } catch (error) {
    // confd's flags have one dash.
    throw new Error((error as Error).message.replace(/(^|\s)-(?=[a-z])/g, '$1--'), { cause: error });
  }
  const { prefix, backend, nodes, files, filter, caFile, certFile, keyFile, username, password } = options;
  const confDir = builtin === undefined ? options.confDir : join(BUILTIN, builtin);
  const register = registration(values, backend, environment('NODENAME') ?? hostname());
  const isUntouched = isDefaultTree && builtin === 'reflector' && !existsSync(DEFAULT_KEYS);
  return {
    confDir,
    prefix,
    nodeName: environment('NODENAME'),
    store: {
      ...{ backend, nodes, files, filter, caFile, certFile, keyFile, username, password },
      optionalFiles: isDefaultTree,
    },
    lastGoodPath: join((values['state'] as string | undefined) ?? DEFAULT_STATE, LAST_GOOD),
    write: values['write'] === true,
    ...(register && { register }),
    label: isUntouched ? EMBEDDED : confDir,
  };
}

/** As whom the reflector registers; undefined where it does not. */
function registration(values: Values, backend: string, name: string): Registration | undefined {
  const ttl = values['register-ttl'] as string | undefined;
  const isOff = values['no-register'] === true;
  if (backend !== 'etcdv3') {
    if (!isOff && ttl === undefined) return undefined;
    const flag = isOff ? 'no-register' : 'register-ttl';
    throw new Error(`--${flag}: reflectors register in etcd alone, and the backend is ${backend}`);
  }
  if (isOff) {
    if (ttl === undefined) return undefined;
    throw new Error('--register-ttl says how to register, --no-register not to');
  }
  const ttlS = ttl === undefined ? DEFAULT_TTL_S : /^\d{1,6}$/.test(ttl) ? Number(ttl) : NaN;
  if (!(ttlS >= LEAST_TTL_S && ttlS <= MOST_TTL_S))
    throw new Error(
      `--register-ttl is a number of seconds from ${LEAST_TTL_S} to ${MOST_TTL_S}, not '${ttl}'`,
    );
  const wrong = wrongName(name);
  if (wrong !== undefined) throw new Error(`${wrong}: NODENAME says it, or else the host's name`);
  const id = crypto.randomUUID();
  return { name, id, host: hostname(), version: version(), startedMs: Date.now(), ttlS };
}

/** Which of Catbird's own templates are meant; undefined where somebody's are. */
function builtinName(values: Values): string | undefined {
  const name = values['builtin'];
  if (values['confdir'] !== undefined) {
    if (name !== undefined) throw new Error('templates are those of --confdir or of --builtin, not both');
    return undefined;
  }
  if (name === undefined) return 'reflector';
  if (BUILTIN_NAMES.includes(name as string)) return name as string;
  throw new Error(
    `there are no built-in templates '${String(name)}': ${BUILTIN_NAMES.join(' and ')} are there`,
  );
}
