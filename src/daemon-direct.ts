/** `protocol direct` as it runs: networks of the host's interfaces are routes, for as long as they are there. */
import { connectedNetwork, scopeOf, type HostInterface } from './base/interfaces.ts';
import type { ChannelConfig, DirectProtocolConfig } from './birdcl-compat/conf/lowered.ts';
import { isChosen } from './birdcl-compat/conf/router-id.ts';
import { FILTER_ATTR } from './birdcl-compat/filter/attributes.ts';
import type { InterfaceWatch } from './daemon-interfaces.ts';
import type { PolicyBook } from './daemon-policies.ts';
import { LOCAL_ATTR } from './rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from './rib/attrs/edit.ts';
import { NO_ATTRS, type PolicyContext } from './rib/policy.ts';
import { StaticRoutes } from './rib/sources/static.ts';
import type { Reflector } from './reflector/reflector.ts';

/** A network of an interface; the interface's index tells routes of one network apart. */
interface Connected {
  readonly words: Uint32Array;
  readonly length: number;
  readonly index: number;
  readonly name: string;
}

interface RunningChannel {
  config: ChannelConfig;
  readonly routes: StaticRoutes;
  known: Map<string, Connected>;
  /** Keys of those that the filter accepted. */
  readonly accepted: Set<string>;
  readonly counters: DirectCounters;
}

interface DirectCounters {
  updates: number;
  filtered: number;
  withdraws: number;
}

interface RunningDirect {
  config: DirectProtocolConfig;
  readonly channels: readonly RunningChannel[];
}

/** What a channel has in its table. */
export interface DirectStatus {
  readonly imported: number;
  readonly preferred: number;
  readonly counters: Readonly<DirectCounters>;
}

export class DirectProtocols {
  readonly #reflector: Reflector;
  readonly #filters: PolicyBook;
  readonly #interfaces: InterfaceWatch;
  readonly #running = new Map<string, RunningDirect>();
  readonly #editor: AttrEditor;

  constructor(reflector: Reflector, filters: PolicyBook, interfaces: InterfaceWatch) {
    this.#reflector = reflector;
    this.#filters = filters;
    this.#interfaces = interfaces;
    this.#editor = new AttrEditor(reflector.store);
  }

  isRunning(name: string): boolean {
    return this.#running.has(name);
  }

  start(config: DirectProtocolConfig): void {
    const channels = config.channels.map((channel) => ({
      config: channel,
      routes: new StaticRoutes(this.#reflector.table(channel.table), config.name, 'direct'),
      known: new Map<string, Connected>(),
      accepted: new Set<string>(),
      counters: { updates: 0, filtered: 0, withdraws: 0 },
    }));
    const running = { config, channels };
    this.#running.set(config.name, running);
    for (const channel of channels) this.#update(running, channel);
  }

  stop(name: string): void {
    for (const { routes } of this.#running.get(name)?.channels ?? []) {
      routes.clear();
      this.#reflector.retire(routes.source);
    }
    this.#running.delete(name);
  }

  /**
   * Takes another import filter or preference.
   * @param soft it counts for interfaces that change
   */
  reconfigure(config: DirectProtocolConfig, soft: boolean): void {
    const running = this.#running.get(config.name);
    if (!running) return;
    running.config = config;
    for (const channel of running.channels) {
      channel.config = config.channels.find(({ family }) => family === channel.config.family)!;
      this.#update(running, channel, !soft);
    }
  }

  /** Interfaces have changed. */
  interfacesChanged(): void {
    for (const running of this.#running.values()) {
      for (const channel of running.channels) this.#update(running, channel);
    }
  }

  /** Per channel, in the order of the configuration; undefined where the protocol is down. */
  status(name: string): DirectStatus[] | undefined {
    return this.#running.get(name)?.channels.map(({ routes: { table, source }, accepted, counters }) => ({
      imported: accepted.size,
      preferred: table.preferredOf(source),
      counters,
    }));
  }

  /** Brings a channel's routes in line with the interfaces; `all` asks the filter again for those that stay. */
  #update({ config }: RunningDirect, channel: RunningChannel, all = false): void {
    const { routes, counters } = channel;
    const wanted = new Map<string, Connected>();
    for (const each of this.#interfaces.current ?? []) {
      for (const connected of networksOf(config, each, channel.config.family)) {
        wanted.set(`${connected.words.join('.')}/${connected.length} ${connected.index}`, connected);
      }
    }
    if (all) {
      routes.clear();
      channel.known.clear();
      channel.accepted.clear();
    }
    for (const [key, { words, length, index }] of channel.known) {
      if (wanted.has(key)) continue;
      routes.remove(words, length, index);
      if (channel.accepted.delete(key)) counters.withdraws++;
    }
    const policy = this.#filters.policy(channel.config.importFilter);
    const { table } = routes;
    const context: PolicyContext = {
      family: table.family.index,
      netWords: table.nets.words,
      netAt: 0,
      netLength: 0,
      source: table.sources.info(routes.source),
    };
    for (const [key, { words, length, index, name }] of wanted) {
      if (channel.known.get(key)?.name === name) continue;
      context.netWords = words;
      context.netLength = length;
      const own = this.#editor
        .edit(NO_ATTRS)
        .set(LOCAL_ATTR.preference, 0, u32Bytes(channel.config.preference))
        .set(FILTER_ATTR.interfaceName, 0, new TextEncoder().encode(name))
        .commit();
      const attrs = policy.evaluate(own, context);
      counters.updates++;
      if (attrs === NO_ATTRS) {
        routes.remove(words, length, index);
        channel.accepted.delete(key);
        counters.filtered++;
        continue;
      }
      routes.set(words, length, attrs, index);
      channel.accepted.add(key);
    }
    channel.known = wanted;
  }
}

/** As BIRD: primary addresses beyond the link, of interfaces that are up. */
function* networksOf(
  { patterns, checkLink }: DirectProtocolConfig,
  { adminUp, linkUp, addresses, index, name }: HostInterface,
  family: ChannelConfig['family'],
): Iterable<Connected> {
  if (!adminUp || (checkLink && !linkUp)) return;
  for (const address of addresses) {
    const { ip, secondary, opposite, isPeer, length } = address;
    if ((ip.version === 4 ? 0 : 1) !== family || secondary) continue;
    const scope = scopeOf(ip);
    if (scope === 'host' || scope === 'link') continue;
    const chosen = (list: (typeof patterns)[number]): boolean =>
      isChosen(list, name, ip) || (isPeer && isChosen(list, name, opposite));
    if (patterns.length > 0 && !patterns.some(chosen)) continue;
    yield { words: Uint32Array.from(connectedNetwork(address).words), length, index, name };
  }
}
