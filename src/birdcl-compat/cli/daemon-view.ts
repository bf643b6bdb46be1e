/** What the control socket asks of the daemon. The daemon implements it; nothing here knows how it keeps routes. */
import type { IpAddress } from '../../base/ip.ts';
import type { HostInterface, InterfaceAddress } from '../../base/interfaces.ts';
import type { AttrStore } from '../../rib/attrs/store.ts';
import type { Policy, PolicyContext } from '../../rib/policy.ts';
import type {
  DaemonConfig,
  DebugFlags,
  LimitConfig,
  LogClass,
  MrtdumpFlags,
  StaticHop,
} from '../conf/lowered.ts';
import type { Diagnostic } from '../conf/diagnostics.ts';
import type { Prefix } from '../filter/values.ts';

export interface StatusView {
  /** Absent before there is a configuration, as is the time of the last one. */
  readonly routerId?: number;
  readonly hostname: string;
  /** Wall-clock times in milliseconds. */
  readonly nowMs: number;
  readonly bootMs: number;
  readonly configuredMs?: number;
  readonly state: 'waiting' | 'up' | 'reconfiguring' | 'shutting-down';
  /** RFC 4724: the daemon itself restarts gracefully. */
  readonly gracefulRestart?: { readonly protocols: number; readonly waitS: number };
  /** Where the configuration is rendered from templates. */
  readonly rendered?: RenderedView;
}

/** What is known of a configuration that is rendered from templates. */
export interface RenderedView {
  /** `etcd at 127.0.0.1:2379`; empty until it is watched. */
  readonly store: string;
  /** Folder of the templates. */
  readonly folder: string;
  /** Of the store, when it was last rendered. */
  readonly revision: string;
  /** Of the store, when what is in force was rendered; absent where that did not come from a rendering. */
  readonly inForce?: string;
  readonly connected: boolean;
  /** What is in force was kept from the last run, because the store could not be read. */
  readonly isLastGood: boolean;
  /** When a good rendering last came, wall-clock milliseconds. */
  readonly changedMs: number;
  readonly lost?: { readonly reason: string; readonly sinceMs: number };
  /** Why the last rendering was refused. */
  readonly problem?: {
    readonly text: string;
    /** The same without what may be secret, for those who do not see the configuration. */
    readonly publicText: string;
    readonly revision: string;
    /** Some of the keys that had changed, and how many had. */
    readonly keys: readonly string[];
    readonly keyCount: number;
    readonly sinceMs: number;
  };
  /** New renderings are not applied by themselves. */
  readonly held?: { readonly because: string; readonly waits: boolean };
}

export interface LimitView extends LimitConfig {
  readonly hit: boolean;
}

export interface UpdateCounters {
  readonly received: number;
  readonly rejected: number;
  readonly filtered: number;
  readonly ignored: number;
  readonly accepted: number;
}

export interface ChannelStats {
  readonly imported: number;
  /** Routes that the import filter rejected and that are kept. */
  readonly filtered: number;
  readonly exported: number;
  readonly preferred: number;
  readonly importUpdates: UpdateCounters;
  readonly importWithdraws: UpdateCounters;
  readonly exportUpdates: UpdateCounters;
  readonly exportWithdraws: UpdateCounters;
}

export interface ChannelView {
  readonly name: 'ipv4' | 'ipv6';
  readonly state: 'DOWN' | 'START' | 'UP' | 'FLUSHING';
  readonly table: string;
  readonly preference: number;
  readonly importFilter: string;
  readonly exportFilter: string;
  readonly receiveLimit?: LimitView;
  readonly importLimit?: LimitView;
  readonly exportLimit?: LimitView;
  readonly importKeepFiltered: boolean;
  readonly stats: ChannelStats;
  /** While the neighbour restarts: what is kept of it. */
  readonly neighborRestart?: 'None' | 'Regular' | 'Long-lived';
  /** RFC 9494: seconds until what is left is dropped. */
  readonly staleTimerS?: number;
  /** The next hop that this side puts into routes of its own. */
  readonly nextHop?: IpAddress;
  readonly igpTable4?: string;
  readonly igpTable6?: string;
}

/** Capabilities of one side of a session; families by BIRD's names. */
export interface CapabilitiesView {
  readonly families: readonly string[];
  readonly routeRefresh: boolean;
  readonly extendedNextHop: readonly string[];
  readonly extendedMessages: boolean;
  readonly gracefulRestart?: {
    readonly timeS: number;
    readonly restarting: boolean;
    readonly supported: readonly string[];
    readonly preserved: readonly string[];
  };
  readonly as4: boolean;
  readonly addPathReceive: readonly string[];
  readonly addPathSend: readonly string[];
  readonly enhancedRefresh: boolean;
  /** RFC 9494; without families the side only takes routes that are long-lived stale. */
  readonly longLived?: {
    readonly timeS: number;
    /** Families are listed at all. */
    readonly listed: boolean;
    readonly supported: readonly string[];
    readonly preserved: readonly string[];
  };
  readonly hostname?: string;
  /** RFC 9234, in BIRD's words. */
  readonly role?: string;
}

/** A running timer: what remains, of what. */
export interface TimerView {
  readonly remainsS: number;
  readonly ofS: number;
}

export interface BgpView {
  /** `Idle`, `Connect`, `Active`, `OpenSent`, `OpenConfirm`, `Established`, `Passive`, `Down`, `Close`. */
  readonly state: string;
  readonly neighborAddress?: IpAddress;
  readonly neighborInterface?: string;
  readonly neighborRange?: Prefix;
  /** Where it was called at one that is not 179, as BIRD shows it. */
  readonly neighborPort?: number;
  readonly neighborAs: number;
  readonly localAs: number;
  /** Routes are kept for a restart of the neighbour (RFC 4724); seconds until it has to be back, absent afterwards. */
  readonly neighborRestart?: { readonly remainsS?: number };
  readonly errorWait?: TimerView;
  readonly connectDelay?: TimerView;
  /** `Socket: Connection refused`, `Received: Administrative shutdown`, … */
  readonly lastError?: string;
  /** While Established. */
  readonly session?:
    | {
        readonly neighborId: number;
        readonly local: CapabilitiesView;
        readonly neighbor: CapabilitiesView;
        readonly internal: boolean;
        readonly multihop: boolean;
        readonly routeReflectorClient: boolean;
        readonly routeServerClient: boolean;
        readonly as4: boolean;
        readonly sourceAddress: IpAddress;
        readonly holdTimer: TimerView;
        readonly keepaliveTimer: TimerView;
      }
    | undefined;
}

/** One direction of a pipe. */
export interface PipeFlowView {
  /** `feed`: a pass over the whole table is under way. */
  readonly state: 'down' | 'feed' | 'up';
  readonly filter: string;
  readonly limit?: LimitView;
  /** While the pipe is up. */
  readonly stats?: {
    readonly routes: number;
    readonly updates: UpdateCounters;
    readonly withdraws: UpdateCounters;
  };
}

export interface PipeView {
  readonly table: string;
  readonly peerTable: string;
  readonly family: 'ipv4' | 'ipv6';
  /** From the peer table. */
  readonly imports: PipeFlowView;
  /** Into the peer table. */
  readonly exports: PipeFlowView;
}

/** Where protocols of a rendered configuration come from. */
export interface ConfigurationOrigins {
  /** `bird.cfg.template:31 from /a/b (revision 42)`; undefined where that is not known. */
  explainProtocol(name: string): string | undefined;
}

export interface ProtocolView {
  readonly name: string;
  readonly kind: 'BGP' | 'Static' | 'Pipe' | 'Device' | 'Direct' | 'Kernel' | 'MRT';
  readonly state: 'up' | 'start' | 'down' | 'stop' | 'flush';
  readonly sinceMs: number;
  readonly description?: string;
  readonly message?: string;
  /** Given where the protocol sets its own. */
  readonly routerId?: number;
  readonly bgp?: BgpView;
  readonly pipe?: PipeView;
  /** Where a rendered configuration has it from. */
  readonly origin?: string;
  readonly channels: readonly ChannelView[];
}

export interface RouteQuery {
  readonly table: string;
  /** `for`: the longest match; `in`: the network and what lies in it. */
  readonly match?: { readonly mode: 'exact' | 'for' | 'in'; readonly prefix: Prefix };
  /** Fills `exported` of the rows: what is, would be, or is not sent to this protocol. */
  readonly export?: {
    readonly mode: 'export' | 'preexport' | 'noexport' | 'exported';
    readonly protocol: string;
    /** `pri` and `sec`: what leaves the table of a pipe, and its peer table. */
    readonly channel: 'ipv4' | 'ipv6' | 'pri' | 'sec';
  };
  /** Routes of this protocol as it sent them, before its import filter. */
  readonly received?: string;
  /** The best route of each network only. */
  readonly primaryOnly: boolean;
  /** Routes that an import filter rejected and that are kept, instead of the others. */
  readonly filtered: boolean;
}

/** One route. A row is read before the next one is asked for, so the daemon may use one object for all. */
export interface RouteView {
  readonly prefix: Prefix;
  /** No row of the same network came before. */
  readonly firstOfNetwork: boolean;
  readonly destination: 'unicast' | 'blackhole' | 'unreachable' | 'prohibited';
  readonly protocol: string;
  readonly changedMs: number;
  /** The neighbour it came from. */
  readonly from?: IpAddress;
  readonly nextHops: readonly {
    readonly address?: IpAddress;
    readonly interface?: string;
    readonly weight?: number;
    readonly onlink?: boolean;
  }[];
  readonly primary: boolean;
  readonly preference: number;
  /** Undefined: not resolved through a table. */
  readonly igpMetric?: number | 'unreachable' | 'unknown';
  readonly stale: boolean;
  readonly suppressed: boolean;
  /** The attribute set, in `DaemonView.attributes`. */
  readonly attrs: number;
  readonly source: 'BGP' | 'static' | 'device';
  readonly exported: boolean;
  /** For filters of `show route where`. */
  readonly context: PolicyContext;
}

export interface InterfaceView {
  readonly interface: HostInterface;
  /** The addresses that stand for it, one of each kind at most; of those of the interface. */
  readonly preferred: readonly InterfaceAddress[];
}

export interface MemoryRow {
  readonly name: string;
  readonly effectiveBytes: number;
  readonly overheadBytes: number;
}

export type ProtocolAction = 'enable' | 'disable' | 'restart' | 'reload' | 'reload in' | 'reload out';
export type ProtocolActionResult =
  | 'done'
  | 'already-disabled'
  | 'already-enabled'
  /** The neighbour cannot send its routes again. */
  | 'failed'
  /** Not up, so there is nothing to reload. */
  | 'nothing';

export interface ConfigureRequest {
  /** Undefined: the file that is in force. */
  readonly path?: string;
  /** Keep routes as they are where only filters changed. */
  readonly soft: boolean;
  /** Go back unless confirmed within so many seconds; absent or 0: stay. */
  readonly timeoutS?: number;
  /** Called where it goes back by itself, with a line for whoever asked. */
  readonly notice?: (text: string) => void;
}

/** What `configure check` finds. */
export interface CheckResult {
  /** Errors of the file, none where it is good. */
  readonly errors: readonly Diagnostic[];
  /** What taking it over would do to each protocol, a line each. */
  readonly effects: readonly string[];
}

/** For `configure status`. */
export interface ConfigureStatus {
  readonly state: 'done' | 'progress' | 'queued' | 'shutting-down';
  /** Seconds until the configuration is undone unless it is confirmed. */
  readonly undoInS?: number;
}

export type ConfigureResult =
  | { readonly kind: 'failed'; readonly errors: readonly Diagnostic[] }
  | {
      readonly kind: 'done' | 'progress' | 'queued' | 'unqueued' | 'confirmed' | 'shutting-down' | 'nothing';
    };

/** What `dump` can write into the log. */
export const DUMP_KINDS = [
  'resources',
  'sockets',
  'events',
  'interfaces',
  'neighbors',
  'attributes',
  'routes',
  'protocols',
  'filter all',
] as const;
export type DumpKind = (typeof DUMP_KINDS)[number];

/** `mrt dump`: tables into MRT files (RFC 6396). */
export interface TableDumpRequest {
  /** In this order, and what the file calls each. */
  readonly tables: readonly { readonly name: string; readonly shown: string }[];
  /** `%N` stands for the table; then it is a strftime pattern. */
  readonly path: string;
  /** Absent: all routes. */
  readonly policy?: Policy;
  /** Told what goes wrong, in a line each; the dump goes on with the next table. */
  readonly failed: (text: string) => void;
}

export interface TableDumpRun {
  /** Resolves when it is over, whatever has gone wrong. */
  readonly done: Promise<void>;
  cancel(): void;
}

/** Routes that policies took, and networks that have some. */
export interface TableCounts {
  readonly routes: number;
  readonly networks: number;
}

export interface ExplainQuery {
  readonly table: string;
  readonly match: { readonly mode: 'exact' | 'for'; readonly prefix: Prefix };
  /** Absent: only the decision. */
  readonly export?: { readonly protocol: string; readonly channel: 'ipv4' | 'ipv6' };
}

/** A path that is not the best one, and why. */
export interface LosingPath {
  readonly route: RouteView;
  /** `lower MED from the same neighbouring AS`; completes "the other has". */
  readonly reason: string;
  /** Where the rule stands: `RFC 4271 9.1.2.2 c`. */
  readonly rule: string;
  /** Where another path than the best one decided. */
  readonly against?: string;
}

/** One gate on the way to a neighbour. A route stops at the first that it does not pass. */
export interface GateView {
  readonly name:
    | 'best path'
    | 'split horizon'
    | 'reflection'
    | 'cluster list'
    | 'communities'
    | 'only to customers'
    | 'export filter'
    | 'next hop'
    | 'export limit'
    | 'update group'
    | 'on the wire';
  readonly result: 'passed' | 'stopped' | 'waiting';
  readonly text: string;
}

/** Why a route is, or is not, where it is. */
export interface ExplainView {
  readonly prefix: Prefix;
  readonly table: string;
  /** Undefined where no path is eligible. */
  readonly best?: RouteView;
  /** Paths that lost, in the order of the table. */
  readonly others: readonly LosingPath[];
  /** Paths that the import filter rejected and that are kept. */
  readonly filtered: readonly RouteView[];
  /** In order, for each path that could be sent; one path unless ADD-PATH sends all. Absent without `export`. */
  readonly exports?: readonly {
    readonly route: RouteView;
    readonly gates: readonly GateView[];
    /** Whether the neighbour has been, or is being, sent the route. */
    readonly sent: boolean;
  }[];
}

/** One neighbour in an update group. */
export interface GroupMemberView {
  readonly protocol: string;
  /** Of what the group has encoded, what the member has not been handed yet. */
  readonly lagBytes: number;
  /** `walking`: it is brought up to date from the table, because it is new or fell out of the group's log. */
  readonly state: 'current' | 'behind' | 'walking';
}

/** Neighbours that are sent the same bytes. */
export interface GroupView {
  /** Stays the same while the group lives. */
  readonly number: number;
  readonly table: string;
  readonly channel: 'ipv4' | 'ipv6';
  readonly neighbours: 'internal clients' | 'internal' | 'confederation' | 'external';
  readonly exportFilter: string;
  readonly addPath: boolean;
  /** In the group's Adj-RIB-Out. */
  readonly routes: number;
  /** Changed networks that are not encoded yet. */
  readonly pendingNetworks: number;
  readonly logBytes: number;
  /** Routes announced and withdrawn since the group was made. */
  readonly announced: number;
  readonly withdrawn: number;
  readonly members: readonly GroupMemberView[];
}

export interface DaemonView {
  /** Why there is no configuration yet, while that is so: then only commands are answered that need none. */
  readonly waiting: string | undefined;
  /** The configuration in force. Throws where there is none yet. */
  readonly config: DaemonConfig;
  readonly attributes: AttrStore;
  status(): StatusView;
  /**
   * In the order of the configuration, dynamic ones behind their range. Each is as it is when it is taken, so that
   * thousands of them need not be looked at in one piece.
   * @param isWanted whether those of a name are; all are without it
   */
  protocols(isWanted?: (name: string) => boolean): Iterable<ProtocolView>;
  /**
   * Routes of one table, those of a network together and best first. Undefined between them is a place to pause,
   * so that a walk that finds little does not hold the event loop.
   */
  routes(query: RouteQuery): Iterable<RouteView | undefined>;
  /** Whether a next hop of a static protocol is in use. */
  isActiveHop(protocol: string, hop: StaticHop): boolean;
  /** None where nobody watches them. */
  interfaces(): readonly InterfaceView[];
  /** How much is in a table, without counting. */
  counts(table: string): TableCounts;
  /** Undefined where the table has no such network, or the neighbour no such channel that is up. */
  explain(query: ExplainQuery): ExplainView | undefined;
  /** What a protocol, or one of its channels, logs from now on, until the next configuration. */
  setDebug(protocol: string, channel: 'ipv4' | 'ipv6' | undefined, flags: DebugFlags): void;
  /** What is dumped of the sessions of a protocol from now on, until the next configuration. Returns whether there is a file for it. */
  setMrtdump(protocol: string, flags: MrtdumpFlags): boolean;
  dumpTables(request: TableDumpRequest): TableDumpRun;
  /** Lines for the log; undefined between them is a place to pause. */
  dump(kind: DumpKind): Iterable<string | undefined>;
  memory(): readonly MemoryRow[];
  /** Update groups that have members. */
  groups(): readonly GroupView[];
  /** Writes a line into the daemon's log. */
  note(level: LogClass, text: string): void;
  /** Calls `line` with each log line of the classes, until the function that it returns is called. */
  watchLog(classes: ReadonlySet<LogClass>, line: (text: string) => void): () => void;
  act(action: ProtocolAction, protocol: string, message: string | undefined): ProtocolActionResult;
  /** Logs an exception that a command ended with: a bug of Catbird's. */
  reportBug(error: unknown): void;
  configPath(): string;
  /** A promise where templates have to be rendered first; it never rejects. */
  configure(request: ConfigureRequest): ConfigureResult | Promise<ConfigureResult>;
  /** Reads a file, or renders, and takes nothing over. */
  check(path: string): CheckResult | Promise<CheckResult>;
  configureStatus(): ConfigureStatus;
  confirm(): ConfigureResult;
  undo(): ConfigureResult;
  /**
   * Sends clients away and ends; called after the answer was written.
   * @param graceful sessions end without a NOTIFICATION, so that neighbours keep the routes (RFC 4724)
   */
  shutdown(graceful: boolean): void;
}
