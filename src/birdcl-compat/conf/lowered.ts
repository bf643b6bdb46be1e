/** The configuration as the daemon takes it: BIRD's text checked, inherited and put in RFC words. */
import type { FamilyIndex } from '../../base/family.ts';
import type { IpAddress } from '../../base/ip.ts';
import type { RangeConfig, SessionConfig } from '../../speaker/config.ts';
import type { FilterProgram } from '../filter/program.ts';
import type { TestCase } from '../filter/suites.ts';
import type { Prefix } from '../filter/values.ts';
import type { NetTable } from '../filter/validation.ts';
import type { NetType } from './net-types.ts';
import type { Scope } from './scope.ts';
import type { Location } from './source.ts';

export const LOG_CLASSES = [
  'debug',
  'trace',
  'info',
  'remote',
  'warning',
  'error',
  'auth',
  'fatal',
  'bug',
] as const;
export type LogClass = (typeof LOG_CLASSES)[number];

export interface LogTarget {
  readonly classes: ReadonlySet<LogClass>;
  readonly to:
    | { readonly kind: 'stderr' }
    | { readonly kind: 'syslog'; readonly name?: string }
    /** With `limitBytes` the file is moved to `backup` when it has grown that far, and begun anew. */
    | {
        readonly kind: 'file';
        readonly path: string;
        readonly limitBytes?: number;
        readonly backup?: string;
      };
}

export const DEBUG_FLAGS = ['states', 'routes', 'filters', 'interfaces', 'events', 'packets'] as const;
export type DebugFlag = (typeof DEBUG_FLAGS)[number];
export type DebugFlags = ReadonlySet<DebugFlag>;
/** Of these, the ones that are logged. */
export const LOGGED_FLAGS: DebugFlags = new Set<DebugFlag>([
  'states',
  'routes',
  'filters',
  'events',
  'packets',
]);

/** What of BGP sessions is dumped into the MRT file (RFC 6396). */
export const MRTDUMP_FLAGS = ['states', 'messages'] as const;
export type MrtdumpFlags = ReadonlySet<(typeof MRTDUMP_FLAGS)[number]>;

export const TIME_FORMAT_USES = ['base', 'log', 'protocol', 'route'] as const;
export type TimeFormatUse = (typeof TIME_FORMAT_USES)[number];

/** `timeformat`: strftime patterns; times older than `limitS` are written with `old`. */
export interface TimeFormat {
  readonly recent: string;
  readonly old?: string;
  readonly limitS?: number;
}

/** Addresses of which interfaces, or in which network, are meant. */
export interface InterfacePattern {
  readonly negative: boolean;
  /** A shell pattern over interface names. */
  readonly pattern?: string;
  readonly prefix?: Prefix;
}

/** A table of any type. */
export interface AnyTableConfig {
  readonly name: string;
  readonly net: NetType;
  /** Absent where Catbird does not carry such routes. */
  readonly family?: FamilyIndex;
  /** Routes of a network are kept in order of preference (BIRD `sorted`). */
  readonly sorted: boolean;
  /** What filters look into (`roa_check`, `aspa_check`), where Catbird does not carry such routes. */
  readonly lookup?: NetTable;
}

export interface TableConfig extends AnyTableConfig {
  readonly family: FamilyIndex;
}

/** What happens when a limit is reached. `none` of them: the limit is off. */
export interface LimitConfig {
  readonly limit: number;
  readonly action: 'warn' | 'block' | 'restart' | 'disable';
}

export interface ChannelConfig {
  readonly family: FamilyIndex;
  /** BIRD's channel name, `ipv4` or `ipv6`. */
  readonly name: 'ipv4' | 'ipv6';
  readonly table: string;
  readonly importFilter: FilterProgram;
  readonly exportFilter: FilterProgram;
  /** Counts routes before the import filter. */
  readonly receiveLimit?: LimitConfig;
  readonly importLimit?: LimitConfig;
  readonly exportLimit?: LimitConfig;
  readonly importKeepFiltered: boolean;
  readonly preference: number;
}

/** To which neighbours an option about next hops applies. */
export type NextHopScope = 'no' | 'all' | 'ibgp' | 'ebgp';

export interface BgpChannelConfig extends ChannelConfig {
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  /** Routes whose source is in the scope are sent with the own address as next hop. */
  readonly nextHopSelf: NextHopScope;
  /** Routes whose source is in the scope keep their next hop. `ibgp` by default for clients. */
  readonly nextHopKeep: NextHopScope;
  readonly nextHopAddress?: IpAddress;
  readonly extendedNextHop: boolean;
  readonly mandatory: boolean;
  readonly gateway: 'direct' | 'recursive';
  /** Tables that resolve next hops, where `gateway` is recursive. */
  readonly igpTable4?: string;
  readonly igpTable6?: string;
  readonly gracefulRestart: boolean;
  /** RFC 7311: the attribute is understood on this session. */
  readonly aigp: boolean;
  /** RFC 9494: whether the family is listed in the capability, and its times in seconds. */
  readonly longLived: boolean;
  readonly staleTimeS: number;
  readonly minStaleTimeS: number;
  readonly maxStaleTimeS: number;
  /** Routes that have none, and are sent with the own address as next hop, are given an AIGP metric. */
  readonly aigpOriginate: boolean;
  readonly requireExtendedNextHop: boolean;
  readonly requireAddPath: boolean;
}

interface ProtocolConfig {
  readonly name: string;
  /** Given where the protocol is from a file of BIRD 1.6, which has one family. */
  readonly fileFamily?: FamilyIndex;
  readonly disabled: boolean;
  readonly description?: string;
  readonly debug: DebugFlags;
}

export interface BgpProtocolConfig extends ProtocolConfig {
  readonly kind: 'bgp';
  /** One neighbour, or a range of them (`neighbor range`). */
  readonly session:
    | { readonly kind: 'single'; readonly config: SessionConfig }
    | { readonly kind: 'range'; readonly config: RangeConfig };
  readonly internal: boolean;
  readonly localAs: number;
  readonly remoteAs: SessionConfig['remoteAs'];
  readonly routerId: number;
  readonly localPort: number;
  /** Listen on `localAddress` alone. */
  readonly strictBind: boolean;
  readonly rrClient: boolean;
  /** RFC 7947: the own AS is not prepended, next hops and MED are passed on. */
  readonly rsClient: boolean;
  /** RFC 4456 CLUSTER_ID; the router ID where not given. */
  readonly clusterId: number;
  /** RFC 5065: AS of the confederation that the own AS is part of. */
  readonly confederation?: number;
  readonly channels: readonly BgpChannelConfig[];
  readonly decision: {
    /** Compare AS path lengths. */
    readonly pathMetric: boolean;
    /** Compare MED of different neighbouring AS numbers too. */
    readonly medMetric: boolean;
    readonly igpMetric: boolean;
    readonly preferOlder: boolean;
    readonly defaultLocalPref: number;
    /** MED of routes without one. */
    readonly defaultMed: number;
  };
  /** How often the own AS may be in a received path before it is a loop (BIRD `allow local as`). */
  readonly allowLocalAs: number;
  readonly allowLocalPref: boolean;
  readonly allowMed: boolean;
  readonly allowAsSets: boolean;
  readonly enforceFirstAs: boolean;
  /** RFC 1997 well-known communities are obeyed on export. */
  readonly interpretCommunities: boolean;
  /** `mrtdump`: what is dumped of its sessions. */
  readonly mrtdump: MrtdumpFlags;
  /** The protocol whose fields this one has, but for those of `REPEATED_OWN`, for it is written like that one. */
  readonly repeats?: BgpProtocolConfig;
}

/** Fields that are its own where a protocol repeats another one, of the protocol and of its session. */
export const REPEATED_OWN = {
  protocol: ['name', 'description', 'localPort', 'strictBind'],
  session: ['name', 'remoteAddress', 'remotePort', 'localAddress', 'password'],
} as const satisfies {
  protocol: readonly (keyof BgpProtocolConfig)[];
  session: readonly (keyof SessionConfig)[];
};

/** A router, a link, or both. */
export interface StaticHop {
  readonly address?: IpAddress;
  /** Name of the interface. */
  readonly interface?: string;
  /** The router is on that link whatever the addresses there. */
  readonly onlink: boolean;
  /** 1 to 256: the share of it among several. */
  readonly weight: number;
}

export interface StaticRoute {
  readonly prefix: Prefix;
  readonly target:
    | { readonly kind: 'blackhole' | 'unreachable' | 'prohibit' }
    | { readonly kind: 'recursive'; readonly via: IpAddress }
    /** At least one. */
    | { readonly kind: 'via'; readonly hops: readonly StaticHop[] };
  /** Statements in braces behind the route, which set its attributes. */
  readonly attributes?: FilterProgram;
}

export interface StaticProtocolConfig extends ProtocolConfig {
  readonly kind: 'static';
  /** A next hop counts only while its interface has a link. */
  readonly checkLink: boolean;
  readonly channel: ChannelConfig;
  readonly routes: readonly StaticRoute[];
}

/** Routes of two tables of one family are routes of both, as far as filters let them. */
export interface PipeProtocolConfig extends ProtocolConfig {
  readonly kind: 'pipe';
  /** `export` is from its table into the peer table, `import` the way back. */
  readonly channel: ChannelConfig;
  readonly peerTable: string;
  /** Routes that went through so many pipes go no further. */
  readonly maxGeneration: number;
  /** Only networks within are imported. */
  readonly importWithin?: Prefix;
}

/** Watches the interfaces of the host. */
export interface DeviceProtocolConfig extends ProtocolConfig {
  readonly kind: 'device';
  /** Seconds between two looks at everything, whatever the system says of itself; 0: only at the start. */
  readonly scanTimeS: number;
  /** Addresses that stand for an interface, where it has them; the first that matches counts. */
  readonly preferred: readonly {
    readonly patterns: readonly InterfacePattern[];
    readonly addresses: readonly IpAddress[];
  }[];
}

/** Networks of the host's interfaces are routes. */
export interface DirectProtocolConfig extends ProtocolConfig {
  readonly kind: 'direct';
  /** An interface has to match one of these lists, in which the first that matches tells; none: all interfaces. */
  readonly patterns: readonly (readonly InterfacePattern[])[];
  /** Without a link there is no route. */
  readonly checkLink: boolean;
  readonly channels: readonly ChannelConfig[];
}

/** Shown, and does nothing: a reflector programs no routes. */
export interface KernelProtocolConfig extends ProtocolConfig {
  readonly kind: 'kernel';
}

/** Dumps tables into files now and then. */
export interface MrtProtocolConfig extends ProtocolConfig {
  readonly kind: 'mrt';
  /** One table, or all whose names match a shell pattern. */
  readonly table: { readonly name: string } | { readonly pattern: string };
  /** Absent: all routes. */
  readonly filter?: FilterProgram;
  /** `%N` stands for the table; then it is a strftime pattern. */
  readonly filename: string;
  readonly periodS: number;
  readonly alwaysAddPath: boolean;
}

export type HostProtocolConfig = DeviceProtocolConfig | DirectProtocolConfig | KernelProtocolConfig;

export type AnyProtocolConfig =
  BgpProtocolConfig | StaticProtocolConfig | PipeProtocolConfig | MrtProtocolConfig | HostProtocolConfig;

/** A control socket besides those of the command line: `cli "PATH" { … }`. */
export interface CliSocketConfig {
  readonly path: string;
  readonly restrict: boolean;
  /** BIRD 2's names of attributes, which is what sockets have; off: those of BIRD 3. */
  readonly v2Attributes: boolean;
}

export interface DaemonConfig {
  /** Path of the main file. */
  readonly path: string;
  readonly routerId: number;
  readonly hostname?: string;
  readonly log: readonly LogTarget[];
  /** File that `mrtdump` flags dump sessions into; absent: nothing is dumped. */
  readonly mrtdumpFile?: string;
  /** Detail of commands logged: 0 none, 1 connections, 2 each command. */
  readonly debugCommands: number;
  readonly timeFormats: Readonly<Partial<Record<TimeFormatUse, TimeFormat>>>;
  /** RFC 4724: longest wait for End-of-RIB after a restart. */
  readonly gracefulRestartWaitS: number;
  /** An event that holds the loop longer than this is logged; 0 turns it off. */
  readonly watchdogWarningMs: number;
  /** Control sockets besides those of the command line. */
  readonly cli: readonly CliSocketConfig[];
  readonly tables: readonly TableConfig[];
  /** In the order of the text. */
  readonly protocols: readonly AnyProtocolConfig[];
  /** All names, for commands that use them. */
  readonly symbols: Scope;
  /** `bt_test_suite` and `bt_test_same`, for `catbird test`. */
  readonly tests: readonly TestCase[];
  /** Place of a token of the text, for filters that fail on a route (`FilterReports.error`). */
  readonly locate: (at: number) => Location;
  /** Where a protocol is written; undefined where there is none of that name. */
  readonly placeOf: (protocol: string) => Location | undefined;
}
