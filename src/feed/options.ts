/** The options of `catbird feed`: from text to a plan, or what is wrong with them. */
import { IPV4, IPV6 } from '../base/family.ts';
import { formatIp, parseIp, parseIpv4, type IpAddress } from '../base/ip.ts';
import type { FamilyConfig, SessionConfig } from '../speaker/config.ts';
import type { Endpoint } from '../speaker/transport.ts';
import { madeUpLimit, type MadeUpOptions } from './made-up.ts';
import { FeedError } from './source.ts';

/** As `parseArgs` gives them. */
export interface FeedArguments {
  readonly to?: string | undefined;
  readonly as?: string | undefined;
  readonly 'local-as'?: string | undefined;
  readonly 'local-address'?: string | undefined;
  readonly 'router-id'?: string | undefined;
  readonly password?: string | undefined;
  readonly routes?: string | undefined;
  readonly sets?: string | undefined;
  readonly per?: string | undefined;
  readonly seed?: string | undefined;
  readonly ipv6?: boolean | undefined;
  readonly 'next-hop'?: string | undefined;
  readonly mrt?: string | undefined;
  readonly peer?: string | undefined;
  readonly rate?: string | undefined;
  readonly once?: boolean | undefined;
  readonly withdraw?: boolean | undefined;
  readonly flap?: string | undefined;
  readonly json?: boolean | undefined;
}

export interface MrtOptions {
  /** Path of the file; `-` for standard input. */
  readonly path: string;
  /** Address of the collector's neighbour whose routes are wanted. */
  readonly peer: IpAddress | undefined;
}

export interface FeedOptions {
  readonly to: Endpoint;
  readonly remoteAs: number;
  readonly localAs: number;
  readonly localAddress: IpAddress | undefined;
  readonly routerId: number;
  readonly password: string | undefined;
  readonly routes: { readonly madeUp: MadeUpOptions } | { readonly mrt: MrtOptions };
  readonly nextHop: IpAddress | undefined;
  readonly rate: number | undefined;
  readonly flaps: number;
  readonly once: boolean;
  readonly withdraw: boolean;
  readonly json: boolean;
}

const BGP_PORT = 179;
const MAX_AS = 0xffff_ffff;
const MAX_RATE = 1_000_000_000;
const MAX_FLAPS = 1_000_000_000;
/** About what a full table has. */
const DEFAULT_ROUTES_PER_SET = 6;
const HOLD_TIME_S = 90;

/** Options that say something about made-up routes only, and about recorded ones only. */
const MADE_UP_ONLY = ['sets', 'per', 'seed', 'ipv6'] as const;

/**
 * Checks the options and fills in defaults. Throws a `FeedError` that says which one is wrong.
 * @param spareRouterId the router ID where neither the options nor the local address give one
 */
export function feedOptions(values: FeedArguments, spareRouterId: number): FeedOptions {
  const to = endpoint(required(values.to, '--to ADDRESS[:PORT]'));
  const remoteAs = whole('--as', required(values.as, '--as NUMBER'), 1, MAX_AS);
  const localAddress = optional(values['local-address'], (text) => address('--local-address', text));
  if (localAddress && localAddress.version !== to.address.version) {
    throw new FeedError('--local-address and --to are addresses of different families');
  }
  const routerId = optional(values['router-id'], routerIdOf) ?? routerIdFrom(localAddress) ?? spareRouterId;
  return {
    to,
    remoteAs,
    localAs: optional(values['local-as'], (text) => whole('--local-as', text, 1, MAX_AS)) ?? remoteAs,
    localAddress,
    routerId,
    password: optional(values.password, password),
    routes: routesOf(values),
    nextHop: optional(values['next-hop'], (text) => address('--next-hop', text)),
    rate: optional(values.rate, (text) => whole('--rate', text, 1, MAX_RATE)),
    flaps: optional(values.flap, (text) => whole('--flap', text, 1, MAX_FLAPS)) ?? 0,
    once: values.once === true,
    withdraw: values.withdraw === true,
    json: values.json === true,
  };
}

/** The session that the options describe; its families are those of the routes. */
export function sessionConfig(
  options: FeedOptions,
  families: readonly Pick<FamilyConfig, 'family' | 'addPathSend' | 'extendedNextHop'>[],
): SessionConfig {
  return {
    name: 'feed',
    routerId: options.routerId,
    localAs: options.localAs,
    remoteAs: options.remoteAs,
    remoteAddress: options.to.address,
    remotePort: options.to.port,
    ...(options.to.zone !== undefined && { interface: options.to.zone }),
    ...(options.localAddress && { localAddress: options.localAddress }),
    passive: false,
    // A feeder need not be on the neighbour's network.
    multihop: 255,
    ttlSecurity: false,
    ...(options.password !== undefined && { password: options.password }),
    holdTimeS: HOLD_TIME_S,
    startupHoldTimeS: HOLD_TIME_S,
    connectRetryTimeS: HOLD_TIME_S,
    connectDelayTimeS: 0,
    errorWaitTimeS: [60, 300],
    errorForgetTimeS: 300,
    disableAfterError: true,
    sendHoldTimeS: 0,
    families: families.map((family) => ({
      ...family,
      addPathReceive: false,
      gracefulRestart: false,
      mandatory: false,
    })),
    capabilities: true,
    as4: true,
    // What was sent is not kept, so that it cannot be sent again.
    routeRefresh: false,
    enhancedRouteRefresh: false,
    extendedMessages: true,
    gracefulRestart: 'off',
    gracefulRestartTimeS: 120,
  };
}

function routesOf(values: FeedArguments): FeedOptions['routes'] {
  if (values.mrt !== undefined) {
    const idle = ['routes' as const, ...MADE_UP_ONLY].find((name) => values[name] !== undefined);
    if (idle) throw new FeedError(`--${idle} is about made-up routes and cannot be given with --mrt`);
    if (values.mrt === '-' && values.flap !== undefined) {
      throw new FeedError('--flap needs a file: standard input can be read only once');
    }
    return { mrt: { path: values.mrt, peer: optional(values.peer, (text) => address('--peer', text)) } };
  }
  if (values.peer !== undefined) throw new FeedError('--peer chooses from a recording and needs --mrt');
  const family = values.ipv6 ? IPV6 : IPV4;
  const routes = whole(
    '--routes',
    required(values.routes, '--routes NUMBER or --mrt FILE'),
    1,
    madeUpLimit(family),
  );
  if (values.sets !== undefined && values.per !== undefined) {
    throw new FeedError('--sets and --per say the same in two ways; give one of them');
  }
  const per = optional(values.per, (text) => whole('--per', text, 1, routes)) ?? DEFAULT_ROUTES_PER_SET;
  const sets = optional(values.sets, (text) => whole('--sets', text, 1, routes)) ?? Math.ceil(routes / per);
  const seed = optional(values.seed, (text) => whole('--seed', text, 0, 0xffff_ffff)) ?? 1;
  return { madeUp: { family, routes, sets, seed } };
}

function required(text: string | undefined, form: string): string {
  if (text === undefined) throw new FeedError(`${form} is missing`);
  return text;
}

function optional<T>(text: string | undefined, read: (text: string) => T): T | undefined {
  return text === undefined ? undefined : read(text);
}

function whole(option: string, text: string, least: number, most: number): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new FeedError(`${option} takes a whole number from ${least} to ${most}, not '${text}'`);
  }
  return value;
}

function address(option: string, text: string): IpAddress {
  const ip = parseIp(text);
  if (!ip) throw new FeedError(`${option} takes an IP address, not '${text}'`);
  return ip;
}

/** `192.0.2.1`, `192.0.2.1:1790`, `2001:db8::1`, `[2001:db8::1]:1790`, `fe80::1%eth0`, `[fe80::1%eth0]:1790`. */
function endpoint(text: string): Endpoint {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(text);
  const v4 = /^([\d.]+)(?::(\d+))?$/.exec(text);
  const [, host = text, port] = bracketed ?? v4 ?? [];
  const [ipText = '', zone] = host.split('%');
  const ip = parseIp(ipText);
  if (!ip || zone === '') {
    throw new FeedError(`--to takes ADDRESS or ADDRESS:PORT (IPv6: [ADDRESS]:PORT), not '${text}'`);
  }
  return {
    address: ip,
    port: port === undefined ? BGP_PORT : whole('the port in --to', port, 1, 0xffff),
    ...(zone !== undefined && { zone }),
  };
}

function routerIdOf(text: string): number {
  const id = parseIpv4(text);
  if (!id) throw new FeedError(`--router-id takes four numbers with dots, not all zero, not '${text}'`);
  return id;
}

/** An own IPv4 address, unless the neighbour could have the same one: all of this machine is 127.0.0.1. */
function routerIdFrom(ip: IpAddress | undefined): number | undefined {
  if (ip?.version !== 4 || formatIp(ip) === '127.0.0.1' || ip.words[0] === 0) return undefined;
  return ip.words[0];
}

/** RFC 2385: Linux takes at most 80 bytes. */
function password(text: string): string {
  const { length } = new TextEncoder().encode(text);
  if (length === 0 || length > 80) throw new FeedError('--password takes 1 to 80 bytes');
  return text;
}
