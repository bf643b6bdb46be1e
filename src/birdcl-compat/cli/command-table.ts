/**
 * The grammar of the control socket as data: every command with its words, its arguments and a line of help. The
 * daemon finds handlers by these words; clients build completion, expansion and help from the same rows.
 */

/** What a value is, so that a client can offer the ones that there are. */
export type ValueKind =
  | 'protocol'
  | 'channel'
  | 'table'
  | 'filter'
  | 'symbol'
  | 'prefix'
  | 'address'
  | 'number'
  | 'text'
  | 'expression';

/** One thing that may stand behind a command: a word, a value, or a word with a value behind it. */
export interface ArgumentSpec {
  readonly word?: string;
  readonly value?: ValueKind;
}

export interface CommandSpec {
  /** In full: `show route`. */
  readonly words: string;
  /** Arguments as a person reads them. */
  readonly usage: string;
  readonly help: string;
  readonly arguments: readonly ArgumentSpec[];
  /** Refused after `restrict`, and on restricted sockets. */
  readonly changes: boolean;
  /** Versions of BIRD that have it; 4 stands for whatever comes. */
  readonly versions: readonly [from: number, to: number];
  /** Not one of BIRD's. */
  readonly own?: true;
}

const PROTOCOLS: readonly ArgumentSpec[] = [{ word: 'all' }, { value: 'protocol' }];
const NAME: readonly ArgumentSpec[] = [{ value: 'protocol' }];
const FLAG_WORDS = ['states', 'routes', 'filters', 'interfaces', 'events', 'packets'];
const ROA_ARGS: readonly ArgumentSpec[] = [{ value: 'prefix' }, { word: 'max', value: 'number' }];
const ROA_TAIL: readonly ArgumentSpec[] = [
  { word: 'as', value: 'number' },
  { word: 'table', value: 'table' },
];

/** Words without a value, one argument each. */
function plain(...names: string[]): ArgumentSpec[] {
  return names.map((word) => ({ word }));
}

interface Options {
  readonly args?: readonly ArgumentSpec[];
  readonly changes?: boolean;
  readonly versions?: readonly [number, number];
  readonly own?: true;
}

function row(words: string, usage: string, help: string, options: Options = {}): CommandSpec {
  const { args = [], changes = false, versions = [1, 4], own } = options;
  return { words, usage, help, arguments: args, changes, versions, ...(own && { own }) };
}

const SELECTOR = '(<protocol> | "<pattern>" | all)';
const FROM_2: readonly [number, number] = [2, 4];
const ONLY_1: readonly [number, number] = [1, 1];

export const COMMAND_TABLE: readonly CommandSpec[] = [
  row('show status', '', 'state, version and times of the daemon'),
  row('show status groups', '', 'update groups, their members, and how far behind each is', { own: true }),
  row('show memory', '', 'memory by use'),
  row('show protocols', '[<protocol> | "<pattern>"]', 'protocols and sessions, a line each', { args: NAME }),
  row('show protocols all', '[<protocol> | "<pattern>"]', 'everything about protocols and sessions', {
    args: NAME,
  }),
  row(
    'show route',
    '[<prefix> | for <prefix or address> | in <prefix>] [table <name> | table all] [filter <filter> | where <condition>] ' +
      '[all] [primary] [filtered] [(export | preexport | noexport | exported) <protocol>[.<channel>]] ' +
      '[protocol <protocol>] [stats | count] [explain]',
    'routes of the tables',
    {
      args: [
        { value: 'prefix' },
        { word: 'for', value: 'address' },
        { word: 'in', value: 'prefix' },
        { word: 'table', value: 'table' },
        { word: 'filter', value: 'filter' },
        { word: 'where', value: 'expression' },
        ...plain('all', 'primary', 'filtered'),
        { word: 'import table', value: 'channel' },
        { word: 'export table', value: 'channel' },
        { word: 'export', value: 'channel' },
        { word: 'preexport', value: 'channel' },
        { word: 'noexport', value: 'channel' },
        { word: 'exported', value: 'channel' },
        { word: 'protocol', value: 'protocol' },
        ...plain('stats', 'count', 'explain'),
      ],
    },
  ),
  row('show interfaces', '', 'network interfaces and their addresses'),
  row('show interfaces summary', '', 'network interfaces, a line each'),
  row('show static', '[<protocol>]', 'routes of static protocols as they are configured', { args: NAME }),
  row(
    'show symbols',
    '[table | filter | function | protocol | template | roa | <symbol>]',
    'names of the configuration',
    {
      args: [...plain('table', 'filter', 'function', 'protocol', 'template'), { value: 'symbol' }],
    },
  ),
  row('show bfd sessions', '[<protocol>] …', 'BFD sessions', {
    args: [
      ...NAME,
      { word: 'address', value: 'address' },
      { word: 'interface', value: 'text' },
      { word: 'dev', value: 'text' },
      ...plain('all', 'ipv4', 'ipv6', 'direct', 'multihop'),
    ],
  }),
  row('show ospf', '[<protocol>]', 'OSPF protocols', { args: NAME }),
  row('show ospf neighbors', '[<protocol>] ["<interface>"]', 'OSPF neighbours', { args: NAME }),
  row('show ospf interface', '[<protocol>] ["<interface>"]', 'OSPF interfaces', { args: NAME }),
  row('show ospf topology', '[<protocol>]', 'topology that OSPF reaches', { args: NAME }),
  row('show ospf topology all', '[<protocol>]', 'topology of OSPF', { args: NAME }),
  row('show ospf state', '[<protocol>]', 'state that OSPF reaches', { args: NAME }),
  row('show ospf state all', '[<protocol>]', 'state of OSPF', { args: NAME }),
  row(
    'show ospf lsadb',
    '[global | area <id> | link] [type <n>] [lsid <id>] [self | router <id>] [<protocol>]',
    'link states of OSPF',
    {
      args: [
        ...plain('global', 'link', 'self'),
        { word: 'area', value: 'address' },
        { word: 'type', value: 'number' },
        { word: 'lsid', value: 'address' },
        { word: 'router', value: 'address' },
        ...NAME,
      ],
    },
  ),
  row('show rip interfaces', '[<protocol>] ["<interface>"]', 'RIP interfaces', { args: NAME }),
  row('show rip neighbors', '[<protocol>] ["<interface>"]', 'RIP neighbours', { args: NAME }),
  row('show babel interfaces', '[<protocol>] ["<interface>"]', 'Babel interfaces', { args: NAME }),
  row('show babel neighbors', '[<protocol>] ["<interface>"]', 'Babel neighbours', { args: NAME }),
  row('show babel entries', '[<protocol>]', 'Babel entries', { args: NAME }),
  row('show babel routes', '[<protocol>]', 'Babel routes', { args: NAME, versions: FROM_2 }),
  row('show mpls ranges', '[<domain> | <range>]', 'MPLS label ranges', { versions: FROM_2 }),
  row('show roa', '[<prefix> | in <prefix> | for <prefix>] [as <n>] [table <name>]', 'ROA tables', {
    args: [
      { value: 'prefix' },
      { word: 'in', value: 'prefix' },
      { word: 'for', value: 'prefix' },
      ...ROA_TAIL,
    ],
    versions: ONLY_1,
  }),
  row('add roa', '<prefix> max <n> as <n> [table <name>]', 'add a ROA', {
    args: [...ROA_ARGS, ...ROA_TAIL],
    changes: true,
    versions: ONLY_1,
  }),
  row('delete roa', '<prefix> max <n> as <n> [table <name>]', 'remove a ROA', {
    args: [...ROA_ARGS, ...ROA_TAIL],
    changes: true,
    versions: ONLY_1,
  }),
  row('flush roa', '[table <name>]', 'remove the ROAs that were added by command', {
    args: [{ word: 'table', value: 'table' }],
    changes: true,
    versions: ONLY_1,
  }),
  row('enable', `${SELECTOR} ["<message>"]`, 'start protocols', { args: PROTOCOLS, changes: true }),
  row('disable', `${SELECTOR} ["<message>"]`, 'stop protocols', { args: PROTOCOLS, changes: true }),
  row('restart', `${SELECTOR} ["<message>"]`, 'stop and start protocols', { args: PROTOCOLS, changes: true }),
  row('reload', SELECTOR, 'apply filters again to routes in both directions', {
    args: PROTOCOLS,
    changes: true,
  }),
  row('reload in', SELECTOR, 'apply import filters again', { args: PROTOCOLS, changes: true }),
  row('reload out', SELECTOR, 'send routes again', { args: PROTOCOLS, changes: true }),
  row('configure', '["<file>"] [timeout [<seconds>]]', 'read the configuration again', {
    args: [{ value: 'text' }, { word: 'timeout', value: 'number' }],
    changes: true,
  }),
  row('configure soft', '["<file>"] [timeout [<seconds>]]', 'likewise; filters count for new routes only', {
    args: [{ value: 'text' }, { word: 'timeout', value: 'number' }],
    changes: true,
  }),
  row('configure check', '["<file>"]', 'parse and check a configuration, and say what it would do', {
    args: [{ value: 'text' }],
    changes: true,
  }),
  row('configure confirm', '', 'keep the configuration that has a timeout', { changes: true }),
  row('configure undo', '', 'go back to the configuration before', { changes: true }),
  row('configure status', '', 'state of the configuration', { versions: FROM_2 }),
  row(
    'debug',
    `${SELECTOR} (all | off | { ${FLAG_WORDS.join(' | ')} [, …] })`,
    'what protocols write into the log',
    {
      args: [...PROTOCOLS, { value: 'channel' }, ...plain('off', ...FLAG_WORDS)],
      changes: true,
    },
  ),
  row(
    'mrtdump',
    `${SELECTOR} (all | off | { states | messages [, …] })`,
    'what of protocols is dumped into the MRT file',
    {
      args: [...PROTOCOLS, ...plain('off', 'states', 'messages')],
      changes: true,
    },
  ),
  row(
    'mrt dump',
    'table (<name> | "<pattern>") to "<file>" [filter <filter> | where <condition>]',
    'dump tables into MRT files',
    {
      args: [
        { word: 'table', value: 'table' },
        { word: 'to', value: 'text' },
        { word: 'filter', value: 'filter' },
        { word: 'where', value: 'expression' },
      ],
      changes: true,
    },
  ),
  ...(
    [
      ['resources', 'memory of the daemon by use'],
      ['sockets', 'sessions with their addresses'],
      ['events', 'what is waiting to be done'],
      ['interfaces', 'interfaces that the daemon uses'],
      ['neighbors', 'neighbours of sessions'],
      ['attributes', 'size of the attribute store'],
      ['routes', 'size of the tables'],
      ['protocols', 'protocols and their counters'],
      ['filter all', 'names of filters and functions, with their places'],
    ] as const
  ).map(([what, help]) =>
    row(`dump ${what}`, '', `write into the log: ${help}`, {
      changes: true,
      ...(what === 'filter all' && { versions: FROM_2 }),
    }),
  ),
  row('eval', '<expression>', 'value of an expression of the filter language', {
    args: [{ value: 'expression' }],
  }),
  row(
    'echo',
    '(all | off | { debug | trace | info | remote | warning | error | auth [, …] }) [<bytes>]',
    'lines of the log',
    {
      args: plain('all', 'off'),
    },
  ),
  row(
    'timeformat',
    '"<format>" [<limit> "<format>"] | iso (short | long) [ms | us]',
    'how this connection is shown times',
    { args: [...plain('iso', 'short', 'long', 'ms', 'us'), { value: 'text' }], versions: FROM_2 },
  ),
  row('restrict', '', 'allow this connection nothing that changes anything'),
  row('down', '', 'end the daemon', { changes: true }),
  row('graceful restart', '', 'end the daemon so that neighbours keep its routes', {
    changes: true,
    versions: FROM_2,
  }),
];
