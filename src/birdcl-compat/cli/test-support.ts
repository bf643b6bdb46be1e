/** A daemon that is not there: fixed protocols and made-up routes behind `DaemonView`. */
import { parseIp } from '../../base/ip.ts';
import type { PolicyContext } from '../../rib/policy.ts';
import { AttrStore } from '../../rib/attrs/store.ts';
import { load } from '../conf/test-support.ts';
import { REFLECTOR } from '../conf/samples.ts';
import { sampleRoute } from '../filter/test-support.ts';
import { netWithin } from '../filter/compare.ts';
import { formatPrefix } from '../filter/values.ts';
import type { Prefix } from '../filter/values.ts';
import type {
  CapabilitiesView,
  ChannelView,
  CheckResult,
  ConfigureRequest,
  DaemonView,
  ProtocolAction,
  ProtocolActionResult,
  ProtocolView,
  RouteQuery,
  RouteView,
  TableDumpRequest,
  TableDumpRun,
} from './daemon-view.ts';
import { Commands } from './commands.ts';
import type { SocketDialect } from './dialect.ts';
import { CliSession } from './protocol.ts';

const TIME = new Date(2026, 0, 2, 3, 4, 5, 678).getTime();
const ZERO = { received: 0, rejected: 0, filtered: 0, ignored: 0, accepted: 0 };

function ip(text: string): NonNullable<ReturnType<typeof parseIp>> {
  return parseIp(text)!;
}

export function prefixOf(text: string): Prefix {
  const [address, length] = text.split('/');
  return { ip: ip(address!), length: Number(length) };
}

const CHANNEL: ChannelView = {
  name: 'ipv4',
  state: 'UP',
  table: 'master4',
  preference: 100,
  importFilter: 'clients_in',
  exportFilter: '(unnamed)',
  importLimit: { limit: 1000, action: 'block', hit: false },
  importKeepFiltered: true,
  stats: {
    imported: 3,
    filtered: 1,
    exported: 2,
    preferred: 3,
    importUpdates: { received: 4, rejected: 0, filtered: 1, ignored: 0, accepted: 3 },
    importWithdraws: ZERO,
    exportUpdates: { received: 3, rejected: 1, filtered: 0, ignored: 0, accepted: 2 },
    exportWithdraws: ZERO,
  },
  nextHop: ip('192.0.2.1'),
  igpTable4: 'master4',
};

const CAPABILITIES: CapabilitiesView = {
  families: ['ipv4'],
  routeRefresh: true,
  extendedNextHop: [],
  extendedMessages: false,
  gracefulRestart: { timeS: 120, restarting: false, supported: [], preserved: [] },
  as4: true,
  addPathReceive: [],
  addPathSend: [],
  enhancedRefresh: true,
};

const PROTOCOLS: readonly ProtocolView[] = [
  { name: 'device1', kind: 'Device', state: 'up', sinceMs: TIME, channels: [] },
  {
    name: 'anchors',
    kind: 'Static',
    state: 'up',
    sinceMs: TIME,
    channels: [{ ...CHANNEL, preference: 200 }],
  },
  {
    name: 'node1',
    kind: 'BGP',
    state: 'up',
    sinceMs: TIME,
    description: 'node one',
    bgp: {
      state: 'Established',
      neighborAddress: ip('10.0.0.1'),
      neighborAs: 64512,
      localAs: 64512,
      session: {
        neighborId: 0x0a000001,
        local: CAPABILITIES,
        neighbor: CAPABILITIES,
        internal: true,
        multihop: true,
        routeReflectorClient: true,
        routeServerClient: false,
        as4: true,
        sourceAddress: ip('192.0.2.1'),
        holdTimer: { remainsS: 74.5, ofS: 90 },
        keepaliveTimer: { remainsS: 12.25, ofS: 30 },
      },
    },
    channels: [CHANNEL],
  },
  {
    name: 'Mesh_10_0_0_2',
    kind: 'BGP',
    state: 'start',
    sinceMs: TIME,
    bgp: {
      state: 'Active',
      neighborAddress: ip('10.0.0.2'),
      neighborAs: 64512,
      localAs: 64512,
      connectDelay: { remainsS: 1.5, ofS: 5 },
      lastError: 'Socket: Connection refused',
    },
    channels: [{ ...CHANNEL, state: 'DOWN' }],
  },
];

export class FakeDaemon implements DaemonView {
  waiting: string | undefined;
  readonly config = load(REFLECTOR).config!;
  readonly attributes = new AttrStore();
  readonly log: string[] = [];
  /** The time that a configuration had to be confirmed in is over. */
  undoing: () => void = () => undefined;
  readonly #attrs = sampleRoute(this.attributes);
  readonly #prefixes: Iterable<Prefix>;
  /** How many routes were asked for. */
  walked = 0;

  constructor(prefixes: Iterable<Prefix> = ['10.65.0.0/16', '10.65.1.0/24', '10.66.0.0/16'].map(prefixOf)) {
    this.#prefixes = prefixes;
  }

  status(): ReturnType<DaemonView['status']> {
    return {
      routerId: 0xc0000201,
      hostname: 'rr1',
      nowMs: TIME + 1000,
      bootMs: TIME,
      configuredMs: TIME,
      state: 'up',
    };
  }

  protocols(isWanted: (name: string) => boolean = () => true): readonly ProtocolView[] {
    return PROTOCOLS.filter(({ name }) => isWanted(name));
  }

  *routes({ table, match, export: wanted }: RouteQuery): Iterable<RouteView> {
    if (table !== 'master4') return;
    for (const prefix of this.#prefixes) {
      this.walked++;
      if (match?.mode === 'in' && !netWithin(prefix, match.prefix)) continue;
      if (match?.mode === 'for' && !netWithin(match.prefix, prefix)) continue;
      if (match?.mode === 'exact' && formatPrefix(prefix) !== formatPrefix(match.prefix)) continue;
      yield* this.#rows(prefix, wanted === undefined || prefix.length === 24);
    }
  }

  *#rows(prefix: Prefix, exported: boolean): Iterable<RouteView> {
    const context: PolicyContext = {
      family: 0,
      netWords: Uint32Array.from(prefix.ip.words),
      netAt: 0,
      netLength: prefix.length,
      source: { protocol: 'node1', kind: 'bgp', internal: true },
    };
    for (const first of [true, false]) {
      yield {
        prefix,
        firstOfNetwork: first,
        destination: first ? 'unicast' : 'blackhole',
        protocol: first ? 'node1' : 'anchors',
        changedMs: TIME,
        ...(first && { from: ip('10.0.0.9'), igpMetric: 5 }),
        nextHops: first ? [{ address: ip('10.0.0.1'), interface: 'eth0' }] : [],
        primary: first,
        preference: first ? 100 : 50,
        stale: false,
        suppressed: false,
        attrs: this.#attrs,
        source: first ? 'BGP' : 'static',
        exported,
        context,
      };
    }
  }

  isActiveHop(): boolean {
    return true;
  }

  interfaces(): ReturnType<DaemonView['interfaces']> {
    return [];
  }

  counts(table: string): ReturnType<DaemonView['counts']> {
    return table === 'master4' ? { routes: 6, networks: 3 } : { routes: 0, networks: 0 };
  }

  explain(): ReturnType<DaemonView['explain']> {
    const prefix = prefixOf('10.65.1.0/24');
    const [best, other] = [...this.#rows(prefix, true)];
    return {
      prefix,
      table: 'master4',
      best: best!,
      others: [{ route: other!, reason: 'higher preference', rule: 'BIRD' }],
      filtered: [],
      exports: [
        {
          route: best!,
          sent: false,
          gates: [
            { name: 'best path', result: 'passed', text: 'it is the best of its network' },
            { name: 'export filter', result: 'stopped', text: 'clients_out: reject at bird.conf:7' },
          ],
        },
      ],
    };
  }

  setDebug(protocol: string, channel: string | undefined, flags: ReadonlySet<string>): void {
    const name = channel === undefined ? protocol : `${protocol}.${channel}`;
    this.log.push(`debug ${name} ${[...flags].join(' ')}`);
  }

  setMrtdump(protocol: string, flags: ReadonlySet<string>): boolean {
    this.log.push(`mrtdump ${protocol} ${[...flags].join(' ')}`);
    return protocol !== 'anchors';
  }

  dumpTables({ tables, path, policy, failed }: TableDumpRequest): TableDumpRun {
    const names = tables.map(({ name, shown }) => (name === shown ? name : `${name} as ${shown}`));
    this.log.push(`mrt dump ${names.join(' ')} to ${path}${policy ? ` through ${policy.name}` : ''}`);
    if (path === '/none/x') failed(`Unable to open MRT file '${path}': No such file or directory`);
    return {
      done: Promise.resolve(),
      cancel: () => this.log.push('mrt dump cancelled'),
    };
  }

  dump(kind: string): Iterable<string | undefined> {
    return [`all about ${kind}`, undefined];
  }

  memory(): ReturnType<DaemonView['memory']> {
    return [
      { name: 'Routing tables:', effectiveBytes: 5000, overheadBytes: 123_456 },
      { name: 'Total:', effectiveBytes: 52_428_800, overheadBytes: 0 },
    ];
  }

  groups(): ReturnType<DaemonView['groups']> {
    return [
      {
        number: 3,
        table: 'master4',
        channel: 'ipv4',
        neighbours: 'internal clients',
        exportFilter: 'clients_out',
        addPath: false,
        routes: 2,
        pendingNetworks: 1,
        logBytes: 262_144,
        announced: 40,
        withdrawn: 2,
        members: [
          { protocol: 'node1', lagBytes: 0, state: 'current' },
          { protocol: 'Mesh_10_0_0_2', lagBytes: 8192, state: 'behind' },
        ],
      },
    ];
  }

  note(level: string, text: string): void {
    this.log.push(`${level}: ${text}`);
  }

  watchLog(classes: ReadonlySet<string>, line: (text: string) => void): () => void {
    this.log.push(`watch ${[...classes].join(' ')}`);
    line('a log line');
    return () => this.log.push('unwatch');
  }

  act(action: ProtocolAction, protocol: string, message: string | undefined): ProtocolActionResult {
    this.log.push([action, protocol, ...(message === undefined ? [] : [message])].join(' '));
    if (action === 'enable') return 'already-enabled';
    if (action.startsWith('reload') && protocol !== 'node1') return 'nothing';
    return 'done';
  }

  reportBug(error: unknown): void {
    this.log.push(`bug: ${String(error)}`);
  }

  configPath(): string {
    return '/etc/bird.conf';
  }

  configure(request: ConfigureRequest): ReturnType<DaemonView['configure']> {
    this.log.push(`configure ${JSON.stringify(request)}`);
    this.undoing = () => request.notice?.('Config timeout expired, starting undo');
    if (request.path === undefined) return { kind: 'done' };
    return { kind: 'failed', errors: this.check(request.path).errors };
  }

  check(path: string): CheckResult {
    if (path === '/etc/bird.conf') return { errors: [], effects: ['node1 restarts (hold time)'] };
    if (path === 'none.conf') {
      const message = `Unable to open configuration file ${path}: No such file or directory`;
      const nowhere = { file: path, line: 0, column: 0 };
      return { errors: [{ severity: 'error', message, location: nowhere, width: 1 }], effects: [] };
    }
    const location = { file: path, line: 3, column: 4 };
    return { errors: [{ severity: 'error', message: 'syntax error', location, width: 1 }], effects: [] };
  }

  configureStatus(): ReturnType<DaemonView['configureStatus']> {
    return { state: 'progress', undoInS: 4.998 };
  }

  confirm(): ReturnType<DaemonView['confirm']> {
    return { kind: 'confirmed' };
  }

  undo(): ReturnType<DaemonView['undo']> {
    return { kind: 'nothing' };
  }

  shutdown(graceful: boolean): void {
    this.log.push(graceful ? 'shutdown, graceful' : 'shutdown');
  }
}

/** A client without a socket. */
export class FakeClient {
  /** Everything written so far. */
  text = '';
  /** Writes are refused while this is set. */
  full = false;
  paused = false;
  readonly session: CliSession;
  readonly #later: (() => void)[] = [];

  constructor(view: DaemonView, dialect?: SocketDialect) {
    const held: { session?: CliSession } = {};
    const commands = new Commands(view, (line) => held.session?.notice(line), dialect);
    this.session = new CliSession(
      {
        write: (text) => {
          this.text += text;
          return !this.full;
        },
        soon: (run) => this.#later.push(run),
        pause: () => (this.paused = true),
        resume: () => (this.paused = false),
      },
      commands,
    );
    held.session = this.session;
  }

  /** Runs one slice that was put off; false where there is none. */
  turn(): boolean {
    const run = this.#later.shift();
    run?.();
    return run !== undefined;
  }

  /** What comes back for one request, once it is complete. */
  ask(request: string): string {
    this.text = '';
    this.session.received(`${request}\n`);
    while (this.turn());
    return this.text;
  }
}
