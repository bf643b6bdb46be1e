/** What another configuration changes, protocol by protocol and option by option. */
import type { FamilyIndex } from './base/family.ts';
import type {
  AnyProtocolConfig,
  BgpChannelConfig,
  BgpProtocolConfig,
  DaemonConfig,
  DirectProtocolConfig,
  MrtProtocolConfig,
  PipeProtocolConfig,
  StaticProtocolConfig,
} from './birdcl-compat/conf/lowered.ts';
import { REPEATED_OWN } from './birdcl-compat/conf/lowered.ts';
import type { FilterProgram } from './birdcl-compat/filter/program.ts';
import { FilterComparer } from './birdcl-compat/filter/same.ts';
import { ProtocolsByName } from './protocols-by-name.ts';
import type { RequiredCapabilities, SessionConfig } from './speaker/config.ts';

/** `reconfigured`: in place, without touching the session. `enabled` and `disabled` restart it too. */
export type ProtocolChange =
  'unchanged' | 'added' | 'removed' | 'reconfigured' | 'restarted' | 'enabled' | 'disabled';

/** What a running protocol has to do for options that differ. */
export type Effect =
  /** The option is taken over; what is there stays. */
  | 'none'
  /** Routes of the neighbour are looked at again, from the Adj-RIB-In. */
  | 'import'
  /** The neighbour is asked for its routes again: what it sent was not kept in full. */
  | 'refresh'
  /** The neighbour is sent the difference. */
  | 'export'
  | 'restart';

export interface PlannedOption {
  /** In BIRD's words. */
  readonly option: string;
  /** The channel that it belongs to; absent for one of the protocol itself. */
  readonly channel?: 'ipv4' | 'ipv6';
  readonly effect: Effect;
}

export interface ReconfigurationPlan {
  /** Protocols that are not `unchanged`. */
  readonly changes: ReadonlyMap<string, Exclude<ProtocolChange, 'unchanged'>>;
  /** How many others there are. */
  readonly unchanged: number;
  /** What differs in protocols that are there before and after; none for those that are unchanged. */
  readonly options: ReadonlyMap<string, readonly PlannedOption[]>;
}

/** What the plan has to know of protocols as they run. */
export interface RunningProtocols {
  isEnabled(protocol: string): boolean;
  /** Whether a channel is in use by an Established session. */
  isUp(protocol: string, family: FamilyIndex): boolean;
  /** Whether stale times that were agreed with neighbours of the protocol are within these bounds (RFC 9494). */
  staleTimesFit(protocol: string, family: FamilyIndex, minS: number, maxS: number): boolean;
  /** Whether no session of the protocol is up whose neighbour cannot send its routes again (RFC 2918). */
  canRefresh(protocol: string): boolean;
}

/** Fields that hold filters, which are compared by meaning. */
const FILTERS: ReadonlySet<string> = new Set(['importFilter', 'exportFilter', 'attributes', 'filter']);

interface Field {
  readonly effect?: Effect;
  readonly option?: string;
}

/** Fields of protocols of which the rule below does not hold: a change restarts, and the option is called like the field. */
const PROTOCOL_FIELDS: Readonly<Record<string, Field>> = {
  description: { effect: 'none' },
  debug: { effect: 'none' },
  mrtdump: { effect: 'none' },
  hostname: { effect: 'none', option: 'advertise hostname' },
  limit: { effect: 'none', option: 'dynamic limit' },
  kind: { option: 'neighbor' },
  remoteAddress: { option: 'neighbor' },
  prefix: { option: 'neighbor range' },
  remoteAs: { option: 'neighbor as' },
  remotePort: { option: 'neighbor port' },
  localAs: { option: 'local as' },
  localAddress: { option: 'source address' },
  clusterId: { option: 'rr cluster id' },
  dynamicDigits: { option: 'dynamic name digits' },
  allowMed: { option: 'allow bgp_med' },
  allowLocalPref: { option: 'allow bgp_local_pref' },
  defaultLocalPref: { option: 'default bgp_local_pref' },
  defaultMed: { option: 'default bgp_med' },
  publicAs: { option: 'confederation' },
  role: { option: 'local role' },
  disableReceive: { option: 'disable rx' },
  requireRole: { option: 'require roles' },
  longLived: { option: 'long lived graceful restart' },
  minRestartTimeS: { option: 'min graceful restart time' },
  maxRestartTimeS: { option: 'max graceful restart time' },
  as4: { option: 'enable as4' },
  routeRefresh: { option: 'enable route refresh' },
  enhancedRouteRefresh: { option: 'enable enhanced route refresh' },
  extendedMessages: { option: 'enable extended messages' },
  routes: { effect: 'none', option: 'route' },
  checkLink: { effect: 'none' },
  scanTimeS: { effect: 'none' },
  preferred: { effect: 'none', option: 'interface' },
  patterns: { option: 'interface' },
  importWithin: { effect: 'import', option: 'import in' },
};

/** Fields of `protocol mrt`: all count from the next dump on. */
const MRT_FIELDS: Readonly<Record<string, Field>> = {
  description: { effect: 'none' },
  debug: { effect: 'none' },
  table: { effect: 'none' },
  filter: { effect: 'none' },
  filename: { effect: 'none' },
  periodS: { effect: 'none' },
  alwaysAddPath: { effect: 'none' },
};

/** Fields that follow from others, which tell. */
const DERIVED: ReadonlySet<string> = new Set(['name', 'disabled', 'internal', 'families', 'repeats']);

const CHANNEL_FIELDS: Readonly<Record<string, Field>> = {
  importFilter: { effect: 'import', option: 'import' },
  exportFilter: { effect: 'export', option: 'export' },
  preference: { effect: 'import' },
  receiveLimit: { effect: 'none' },
  importLimit: { effect: 'none' },
  exportLimit: { effect: 'none' },
  importKeepFiltered: { effect: 'none' },
  nextHopSelf: { effect: 'export' },
  nextHopKeep: { effect: 'export' },
  nextHopAddress: { effect: 'export' },
  aigp: { effect: 'refresh' },
  aigpOriginate: { effect: 'export' },
  // Next hops are not resolved, so that routes stay what they are.
  gateway: { effect: 'none' },
  mandatory: { effect: 'none' },
  requireExtendedNextHop: { effect: 'none' },
  requireAddPath: { effect: 'none', option: 'require add paths' },
  longLived: { option: 'long lived graceful restart' },
  staleTimeS: { option: 'long lived stale time' },
  // An agreed stale time that is within the new bounds stays.
  minStaleTimeS: { effect: 'none', option: 'min long lived stale time' },
  maxStaleTimeS: { effect: 'none', option: 'max long lived stale time' },
  addPathReceive: { option: 'add paths' },
  addPathSend: { option: 'add paths' },
  igpTable4: { option: 'igp table' },
  igpTable6: { option: 'igp table' },
};

const STALE_BOUNDS: ReadonlySet<string> = new Set(['min long lived stale time', 'max long lived stale time']);

/** Objects whose fields are options; all others are values. */
const CONTAINERS: ReadonlySet<string> = new Set(['session', 'config', 'template', 'decision']);

/** Compares two configurations; what means the same is unchanged, however it is written. */
export function planChanges(
  before: DaemonConfig,
  next: DaemonConfig,
  running: RunningProtocols,
): ReconfigurationPlan {
  const comparison = new Comparison(running);
  const changes = new Map<string, Exclude<ProtocolChange, 'unchanged'>>();
  const options = new Map<string, readonly PlannedOption[]>();
  const old = new ProtocolsByName(before.protocols);
  let stayed = 0;
  let unchanged = 0;
  for (const protocol of next.protocols) {
    const { name } = protocol;
    const known = old.get(name);
    if (!known) {
      changes.set(name, 'added');
      continue;
    }
    stayed++;
    const found = comparison.differences(known, protocol);
    const change = changeOf(found, running.isEnabled(name), !protocol.disabled);
    if (change === 'unchanged') unchanged++;
    else changes.set(name, change);
    if (found.length > 0) options.set(name, found);
  }
  if (stayed < before.protocols.length) {
    const left = new Set(next.protocols.map(({ name }) => name));
    for (const { name } of before.protocols) if (!left.has(name)) changes.set(name, 'removed');
  }
  return { changes, unchanged, options };
}

/** As in BIRD, a protocol that was disabled or enabled by hand is again what the configuration says. */
function changeOf(found: readonly PlannedOption[], isEnabled: boolean, enable: boolean): ProtocolChange {
  if (isEnabled !== enable) return enable ? 'enabled' : 'disabled';
  if (found.length === 0) return 'unchanged';
  return found.some(({ effect }) => effect === 'restart') ? 'restarted' : 'reconfigured';
}

/** A protocol without the fields that are its own where it repeats another one. */
function sharedOf({ session, ...protocol }: BgpProtocolConfig): object {
  const without = (config: object, own: readonly string[]): object =>
    Object.fromEntries(Object.entries(config).filter(([key]) => !own.includes(key)));
  return {
    ...without(protocol, REPEATED_OWN.protocol),
    session: { kind: session.kind, config: without(session.config, REPEATED_OWN.session) },
  };
}

class Comparison {
  readonly #running: RunningProtocols;
  readonly #comparer = new FilterComparer();
  #found: PlannedOption[] = [];
  /** The last two protocols that others repeat which were compared, and whether all that those share is the same. */
  #repeated:
    { readonly a: BgpProtocolConfig; readonly b: BgpProtocolConfig; readonly alike: boolean } | undefined;

  constructor(running: RunningProtocols) {
    this.#running = running;
  }

  /** The options in which two protocols of the same name differ. */
  differences(a: AnyProtocolConfig, b: AnyProtocolConfig): PlannedOption[] {
    this.#found = [];
    if (a.kind === 'bgp' && b.kind === 'bgp') this.#bgp(a, b);
    else if (a.kind === 'static' && b.kind === 'static') this.#static(a, b);
    else if (a.kind === 'direct' && b.kind === 'direct') this.#direct(a, b);
    else if (a.kind === 'pipe' && b.kind === 'pipe') this.#pipe(a, b);
    else if (a.kind === 'mrt' && b.kind === 'mrt') this.#mrt(a, b);
    else if (a.kind !== b.kind) this.#note({ option: 'protocol', effect: 'restart' });
    else this.#fields(a, b, PROTOCOL_FIELDS, undefined);
    return this.#found;
  }

  #bgp(a: BgpProtocolConfig, b: BgpProtocolConfig): void {
    if (a.repeats && b.repeats && this.#shareTheSame(a.repeats, b.repeats)) {
      this.#own(a, b);
      return;
    }
    this.#fields(a, b, PROTOCOL_FIELDS, undefined, 'channels');
    for (const channel of b.channels) {
      const known = a.channels.find(({ name }) => name === channel.name);
      if (known) this.#channel(a.name, known, channel);
      else this.#note({ option: `${channel.name} channel`, effect: 'restart' });
    }
    for (const { name, family } of a.channels) {
      if (b.channels.some((channel) => channel.name === name)) continue;
      // BIRD: a session that goes without the channel goes on.
      const effect = this.#running.isUp(a.name, family) ? 'restart' : 'none';
      this.#note({ option: `${name} channel`, effect });
    }
  }

  /** Whether two protocols differ in nothing that protocols have from them which repeat them. */
  #shareTheSame(a: BgpProtocolConfig, b: BgpProtocolConfig): boolean {
    const known = this.#repeated;
    if (known?.a === a && known.b === b) return known.alike;
    const outer = this.#found;
    this.#found = [];
    this.#fields(sharedOf(a), sharedOf(b), PROTOCOL_FIELDS, undefined, 'channels');
    const sameChannels =
      a.channels.length === b.channels.length &&
      a.channels.every(({ name }, i) => b.channels[i]!.name === name);
    if (sameChannels)
      for (const [i, channel] of a.channels.entries())
        this.#fields(channel, b.channels[i]!, CHANNEL_FIELDS, undefined);
    const alike = sameChannels && this.#found.length === 0;
    this.#found = outer;
    this.#repeated = { a, b, alike };
    return alike;
  }

  /** What a protocol does not share with the one that it repeats. */
  #own(a: BgpProtocolConfig, b: BgpProtocolConfig): void {
    for (const key of REPEATED_OWN.protocol) this.#field(key, a[key], b[key], PROTOCOL_FIELDS, undefined, '');
    const [x, y] = [a.session.config as SessionConfig, b.session.config as SessionConfig];
    for (const key of REPEATED_OWN.session) this.#field(key, x[key], y[key], PROTOCOL_FIELDS, undefined, '');
  }

  #static(a: StaticProtocolConfig, b: StaticProtocolConfig): void {
    this.#fields(a, b, PROTOCOL_FIELDS, undefined, 'channel');
    this.#fields(a.channel, b.channel, CHANNEL_FIELDS, b.channel.name);
  }

  #direct(a: DirectProtocolConfig, b: DirectProtocolConfig): void {
    this.#fields(a, b, { ...PROTOCOL_FIELDS, checkLink: {} }, undefined, 'channels');
    for (const channel of b.channels) {
      const known = a.channels.find(({ name }) => name === channel.name);
      if (known) this.#fields(known, channel, CHANNEL_FIELDS, channel.name);
      else this.#note({ option: `${channel.name} channel`, effect: 'restart' });
    }
    for (const { name } of a.channels) {
      const goes = !b.channels.some((channel) => channel.name === name);
      if (goes) this.#note({ option: `${name} channel`, effect: 'restart' });
    }
  }

  #pipe(a: PipeProtocolConfig, b: PipeProtocolConfig): void {
    this.#fields(a, b, PROTOCOL_FIELDS, undefined, 'channel');
    this.#fields(a.channel, b.channel, CHANNEL_FIELDS, undefined);
    // There is no neighbour: both directions look at what is there.
    this.#found = this.#found.map((found) =>
      found.effect === 'export' ? { ...found, effect: 'import' } : found,
    );
  }

  #mrt(a: MrtProtocolConfig, b: MrtProtocolConfig): void {
    this.#fields(a, b, MRT_FIELDS, undefined);
  }

  #channel(protocol: string, a: BgpChannelConfig, b: BgpChannelConfig): void {
    this.#fields(a, b, CHANNEL_FIELDS, b.name);
    const running = this.#running;
    const index = this.#found.findIndex(
      ({ channel, option }) => channel === b.name && option === 'mandatory',
    );
    // The other way round, it cannot go on where the channel has become mandatory.
    if (index >= 0 && b.mandatory && !running.isUp(protocol, b.family))
      this.#found[index] = { ...this.#found[index]!, effect: 'restart' };
    if (!running.staleTimesFit(protocol, b.family, b.minStaleTimeS, b.maxStaleTimeS)) {
      this.#found = this.#found.map((found) =>
        found.channel === b.name && STALE_BOUNDS.has(found.option) ? { ...found, effect: 'restart' } : found,
      );
    }
    this.#found = this.#found.map((found) =>
      found.effect === 'refresh' && !running.canRefresh(protocol) ? { ...found, effect: 'restart' } : found,
    );
  }

  #note(option: PlannedOption): void {
    const known = this.#found.some(
      (found) => found.option === option.option && found.channel === option.channel,
    );
    if (!known) this.#found.push(option);
  }

  /** Fields of objects and of the containers in them; `except` is left to the caller. */
  #fields(
    a: object,
    b: object,
    fields: Readonly<Record<string, Field>>,
    channel: 'ipv4' | 'ipv6' | undefined,
    except?: string,
  ): void {
    const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
    for (const key in x) this.#field(key, x[key], y[key], fields, channel, except);
    for (const key in y) if (!(key in x)) this.#field(key, undefined, y[key], fields, channel, except);
  }

  #field(
    key: string,
    a: unknown,
    b: unknown,
    fields: Readonly<Record<string, Field>>,
    channel: 'ipv4' | 'ipv6' | undefined,
    except: string | undefined,
  ): void {
    if (a === b || key === except || DERIVED.has(key)) return;
    if (key === 'require') {
      this.#fields(
        { ...NOTHING_REQUIRED, ...(a as object) },
        { ...NOTHING_REQUIRED, ...(b as object) },
        REQUIRED,
        channel,
      );
      return;
    }
    if (CONTAINERS.has(key)) {
      this.#fields((a ?? {}) as object, (b ?? {}) as object, fields, channel);
      return;
    }
    if (this.#isSame(a, b, key)) return;
    const { effect = 'restart', option = wordsOf(key) } = fields[key] ?? {};
    this.#note({ option, effect, ...(channel && { channel }) });
  }

  #isSame(a: unknown, b: unknown, key: string): boolean {
    if (a === b) return true;
    if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
    if (FILTERS.has(key)) return this.#comparer.same(a as FilterProgram, b as FilterProgram);
    if (a instanceof Set) {
      return b instanceof Set && a.size === b.size && [...(a as Set<unknown>)].every((item) => b.has(item));
    }
    if (Array.isArray(a)) {
      return Array.isArray(b) && a.length === b.length && a.every((item, i) => this.#isSame(item, b[i], ''));
    }
    const [x, y] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
    for (const name in y) if (!(name in x)) return false;
    for (const name in x) if (!this.#isSame(x[name], y[name], name)) return false;
    return true;
  }
}

/** What a protocol that requires nothing has; each is `require …` in BIRD's words. */
const NOTHING_REQUIRED: RequiredCapabilities = {
  routeRefresh: false,
  enhancedRouteRefresh: false,
  as4: false,
  extendedMessages: false,
  hostname: false,
  gracefulRestart: false,
  longLivedGracefulRestart: false,
};
const REQUIRED: Readonly<Record<string, Field>> = Object.fromEntries(
  Object.keys(NOTHING_REQUIRED).map((key) => [key, { option: `require ${wordsOf(key)}` }]),
);

/** A field's name as BIRD writes the option: `holdTimeS` is `hold time`. */
function wordsOf(field: string): string {
  return field.replace(/S$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

interface Reload {
  readonly family: FamilyIndex;
  /** The line for the log, for a protocol of this name. */
  readonly text: (protocol: string) => string;
}

/** What BIRD says of channels whose routes are reloaded, or softly are not. */
export function describeReloads(options: readonly PlannedOption[], soft: boolean): Reload[] {
  const lines: Reload[] = [];
  for (const channel of ['ipv4', 'ipv6'] as const) {
    const own = options.filter((option) => option.channel === channel);
    const imports = own.some(({ effect }) => effect === 'import' || effect === 'refresh');
    // AIGP goes both ways.
    const exports = own.some(({ effect }) => effect === 'export' || effect === 'refresh');
    const family = channel === 'ipv4' ? 0 : 1;
    const note = (text: Reload['text']): void => void lines.push({ family, text });
    if (soft && imports) note((protocol) => `Channel ${protocol}.${channel} changed import`);
    if (soft && exports) note((protocol) => `Channel ${protocol}.${channel} changed export`);
    if (!soft && (imports || exports)) note((protocol) => `Reloading channel ${protocol}.${channel}`);
  }
  return lines;
}

/** Of one protocol, and of several. */
const CHANGE_WORDS: Readonly<Record<ProtocolChange, readonly [one: string, several: string]>> = {
  unchanged: ['stays as it is', 'stay as they are'],
  added: ['is added', 'are added'],
  removed: ['is removed', 'are removed'],
  reconfigured: ['is changed in place', 'are changed in place'],
  restarted: ['restarts', 'restart'],
  enabled: ['is enabled', 'are enabled'],
  disabled: ['is disabled', 'are disabled'],
};

const EFFECT_WORDS: Readonly<Record<Effect, string | undefined>> = {
  none: undefined,
  import: 'its routes are looked at again',
  refresh: 'the neighbour is asked for its routes again',
  export: 'the neighbour is sent the difference',
  restart: undefined,
};

/** A plan in words: what is touched, protocols of which there is no more to say several to a line; then how many are not. */
export function describePlan({ changes, unchanged, options }: ReconfigurationPlan): string[] {
  const alike = new Map<ProtocolChange, string[]>();
  const lines: string[] = [];
  for (const [name, change] of changes) {
    const found = options.get(name);
    if (!found) {
      const names = alike.get(change);
      if (names) names.push(name);
      else alike.set(change, [name]);
      continue;
    }
    const why = found
      .filter(({ effect }) => change !== 'restarted' || effect === 'restart')
      .map(({ channel, option }) => (channel ? `${channel} ${option}` : option));
    const reasons = why.length > 0 ? ` (${why.join(', ')})` : '';
    const effects = new Set(change === 'reconfigured' ? found.map(({ effect }) => EFFECT_WORDS[effect]) : []);
    const then = [...effects].filter((text) => text !== undefined).map((text) => `; ${text}`);
    lines.push(`${name} ${CHANGE_WORDS[change][0]}${reasons}${then.join('')}`);
  }
  const [stays, stay] = CHANGE_WORDS.unchanged;
  return [
    ...lines,
    ...[...alike].flatMap(([change, names]) => listNames(names, ...CHANGE_WORDS[change])),
    unchanged === 1 ? `1 protocol ${stays}` : `${unchanged} protocols ${stay}`,
  ];
}

/** Characters of names in a line of a plan, about. */
const NAMES_WIDTH = 90;

function listNames(names: readonly string[], one: string, several: string): string[] {
  const lines: string[] = [];
  for (let from = 0; from < names.length;) {
    let text = names[from]!;
    let to = from + 1;
    while (to < names.length && text.length < NAMES_WIDTH) text += `, ${names[to++]!}`;
    lines.push(`${text} ${to - from === 1 ? one : several}`);
    from = to;
  }
  return lines;
}
