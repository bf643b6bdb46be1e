/** From resources to the tree of keys that templates read, for one node; changes cost what they touch. */
import type { Entry } from '../store.ts';
import type { BgpConfiguration } from './bgp-configuration.ts';
import {
  DEFAULT_AS,
  GLOBAL_DEFAULTS,
  readBgpConfiguration,
  scopeOf,
  serviceKeys,
} from './bgp-configuration.ts';
import type { Claim, Source } from './claims.ts';
import { ClaimTable } from './claims.ts';
import type { Fields } from './fields.ts';
import { affinityKey, isPending, poolKey } from './ip-pool.ts';
import type { Node } from './node.ts';
import { nodeKeys, readNode } from './node.ts';
import type { NamedSelector, Peer, PeerWorld } from './peers.ts';
import { peerClaims, peerClaimsWith, readPeer } from './peers.ts';
import type { Kind } from './resource.ts';
import { KINDS, parseResourceValue, resourceOfKey, RESOURCES } from './resource.ts';
import type { SecretRef } from './secrets.ts';

const GLOBAL = '/calico/bgp/v1/global';
const HOST = '/calico/bgp/v1/host';
/** What is translated comes before defaults. */
const RANK = { translated: 0, usual: 9 } as const;
/** Work between two pauses. */
const SLICE = 250;
/** With more changed nodes than this, peers are worked out afresh. */
const MANY_NODES = 20;
/**
 * Most characters of all that peers claim, as a few short resources can claim as much as their product: peers by selector
 * each of the nodes, with filters each. Neighbours that are usual take 500 each.
 */
const MAX_PEER_TEXT = 64 * 1024 * 1024;
/** What a claim takes besides its texts, in characters. */
const CLAIM_SIZE = 200;
/** Most nodes that the answers of selectors, which are kept, may name altogether. */
const MAX_MATCHING = 1_000_000;

export interface TranslatorOptions {
  /** The node that the configuration is for. */
  readonly nodeName: string;
  /** Blocks that are not yet a node's are shown all the same. */
  readonly isPendingKept: boolean;
  readonly secret: (ref: SecretRef) => string | undefined;
  /** Is told what is wrong with the resource of a key, and is left out; undefined: nothing any more. */
  readonly report: (key: string, problem: string | undefined) => void;
  /** In place of the usual limit on what peers claim, in characters. */
  readonly maxPeerText?: number;
}

/** What a peer claims, by the node that it is with. */
interface PeerClaims {
  readonly byNode: Map<string, Claim[]>;
  size: number;
}

export class Translator {
  readonly #options: TranslatorOptions;
  readonly #table = new ClaimTable();
  /** What each key claims, without peers. */
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #sources: Readonly<Record<Kind, Map<string, Source>>> = {
    Node: new Map(),
    BGPPeer: new Map(),
    BGPConfiguration: new Map(),
    BGPFilter: new Map(),
    IPPool: new Map(),
    BlockAffinity: new Map(),
  };
  readonly #nodes = new Map<string, Node>();
  readonly #nodesByAddress = new Map<string, Set<string>>();
  readonly #peers = new Map<string, Peer>();
  readonly #peerClaims = new Map<string, PeerClaims>();
  /** Sum of their sizes. */
  #peerText = 0;
  /** Peers that there was no room for. */
  #leftOut: ReadonlySet<string> = new Set();
  /** There was no room for all that was claimed. */
  #isCrowded = false;
  readonly #configurations = new Map<string, BgpConfiguration>();
  readonly #problems = new Set<string>();
  readonly #dirtyPeers = new Set<string>();
  readonly #dirtyNodes = new Set<string>();
  readonly #dirtyAddresses = new Set<string>();
  readonly #matching = new Map<string, readonly Node[]>();
  #matchingSize = 0;
  #isLocalDirty = false;
  #isConfigurationDirty = false;
  #resources = 0;

  constructor(options: TranslatorOptions) {
    this.#options = options;
  }

  /** What stands at translated keys. */
  get winners(): ReadonlyMap<string, Claim> {
    return this.#table.winners;
  }

  /**
   * Takes changed keys over. Yields now and then, so that other work can be done; returns the translated keys that may
   * have changed, with what stood there before.
   */
  *apply(
    changes: Iterable<readonly [string, Entry | undefined]>,
  ): Generator<void, ReadonlyMap<string, Claim | undefined>> {
    let done = 0;
    for (const [key, entry] of changes) {
      this.#take(key, entry);
      if (++done % SLICE === 0) yield;
    }
    this.#globals();
    yield* this.#flushPeers();
    return yield* this.#table.settle();
  }

  /** Works out again what depends on secrets. */
  *secretsChanged(): Generator<void, ReadonlyMap<string, Claim | undefined>> {
    for (const [name, { password }] of this.#peers) if (password) this.#dirtyPeers.add(name);
    this.#globals();
    yield* this.#flushPeers();
    return yield* this.#table.settle();
  }

  #take(key: string, entry: Entry | undefined): void {
    const resource = resourceOfKey(key);
    const source = entry && { key, revision: entry.revision };
    if (!resource) {
      const isBlock = key.startsWith('/calico/ipam/v2/') && !this.#options.isPendingKept;
      const isKept = entry && source && !(isBlock && isPending(entry.value));
      const claim = isKept && this.#made(key, key, entry.value, RANK.translated, [source]);
      this.#table.setOwn(key, claim || undefined);
      return;
    }
    const sources = this.#sources[resource.kind];
    if (sources.has(resource.name)) this.#resources--;
    if (source) this.#resources++;
    if (source) sources.set(resource.name, source);
    else sources.delete(resource.name);
    let problem: string | undefined;
    try {
      problem = this.#read(resource.kind, resource.name, key, entry);
    } catch (error) {
      problem = `${(error as Error).message}; left out`;
      this.#read(resource.kind, resource.name, key, undefined);
    }
    if (problem === undefined && !this.#problems.has(key)) return;
    if (problem === undefined) this.#problems.delete(key);
    else this.#problems.add(key);
    this.#options.report(key, problem);
  }

  /** Returns what is wrong, but not so much that the resource cannot be used. Throws where it is. */
  #read(kind: Kind, name: string, key: string, entry: Entry | undefined): string | undefined {
    const fields = entry && parseResourceValue(entry.value);
    switch (kind) {
      case 'Node':
        return this.#takeNode(name, key, fields);
      case 'BGPPeer': {
        const peer = fields && readPeer(name, fields);
        if (peer) this.#peers.set(name, peer);
        else this.#peers.delete(name);
        this.#dirtyPeers.add(name);
        return undefined;
      }
      case 'BGPConfiguration':
        this.#takeConfiguration(name, key, fields);
        return undefined;
      case 'BGPFilter':
        // Seen as it is.
        this.#table.setOwn(
          key,
          entry && this.#made(key, key, entry.value, RANK.translated, this.#sourcesOf(kind, name)),
        );
        return undefined;
      case 'IPPool':
      case 'BlockAffinity': {
        const pool = fields && (kind === 'IPPool' ? poolKey(fields) : affinityKey(fields));
        const sources = this.#sourcesOf(kind, name);
        this.#claim(key, pool ? [this.#made(key, pool.key, pool.value, RANK.translated, sources)] : []);
        return undefined;
      }
    }
  }

  #takeNode(name: string, key: string, fields: Fields | undefined): string | undefined {
    const read = fields && readNode(name, fields);
    const before = this.#nodes.get(name);
    for (const address of [before?.addressV4, before?.addressV6]) {
      if (!address) continue;
      const names = this.#nodesByAddress.get(address);
      names?.delete(name);
      if (names?.size === 0) this.#nodesByAddress.delete(address);
      this.#dirtyAddresses.add(address);
    }
    if (read) this.#nodes.set(name, read.node);
    else this.#nodes.delete(name);
    for (const address of [read?.node.addressV4, read?.node.addressV6]) {
      if (!address) continue;
      let names = this.#nodesByAddress.get(address);
      if (!names) this.#nodesByAddress.set(address, (names = new Set()));
      names.add(name);
      this.#dirtyAddresses.add(address);
    }
    const sources = this.#sourcesOf('Node', name);
    this.#claim(key, read ? this.#below(key, `${HOST}/${name}`, nodeKeys(read.node), sources) : []);
    this.#dirtyNodes.add(name);
    if (name === this.#options.nodeName) this.#isLocalDirty = true;
    return read?.problem;
  }

  #takeConfiguration(name: string, key: string, fields: Fields | undefined): void {
    const scope = scopeOf(name);
    if (!scope) {
      if (fields) throw new Error("its name is to be 'default' or 'node.NAME'");
      return;
    }
    const configuration = fields && readBgpConfiguration(fields, scope.node === undefined);
    if (configuration) this.#configurations.set(name, configuration);
    else this.#configurations.delete(name);
    if (scope.node === undefined) this.#isConfigurationDirty = true;
    if (scope.node !== undefined) {
      this.#dirtyNodes.add(scope.node);
      const node = this.#nodes.get(scope.node);
      for (const address of [node?.addressV4, node?.addressV6])
        if (address) this.#dirtyAddresses.add(address);
    }
    const folder = scope.node === undefined ? GLOBAL : `${HOST}/${scope.node}`;
    const sources = this.#sourcesOf('BGPConfiguration', name);
    this.#claim(key, configuration ? this.#below(key, folder, configuration.keys, sources) : []);
  }

  /** What has no resource of its own: defaults, routes of services, the password of the mesh. */
  #globals(): void {
    const usual =
      this.#resources === 0
        ? []
        : Object.entries(GLOBAL_DEFAULTS).map(([name, value]) =>
            this.#made('', `${GLOBAL}/${name}`, value, RANK.usual, []),
          );
    this.#claim('defaults', usual);
    const configuration = this.#configurations.get('default');
    const key = keyOf('BGPConfiguration', 'default');
    const sources = this.#sourcesOf('BGPConfiguration', 'default');
    const both = [...sources, ...this.#sourcesOf('Node', this.#options.nodeName)];
    const services = configuration
      ? Array.from(
          serviceKeys(configuration, this.#nodes.get(this.#options.nodeName)?.labels),
          ([at, value]) => this.#made(key, at, value, RANK.translated, both),
        )
      : [];
    this.#claim('services', services);
    const ref = configuration?.meshPassword;
    const password = ref && this.#options.secret(ref);
    this.#claim(
      'mesh password',
      password === undefined
        ? []
        : [this.#made(key, `${GLOBAL}/node_mesh_password`, password, RANK.translated, sources)],
    );
  }

  *#flushPeers(): Generator<void> {
    const world = this.#world();
    if (this.#dirtyNodes.size > 0) this.#forgetMatching();
    if (this.#leftOut.size === 0) {
      if (this.#dirtyNodes.size > MANY_NODES) yield* this.#setPeers(this.#peers.keys(), world);
      else yield* this.#changePeers(world);
    }
    if (this.#leftOut.size > 0 || this.#isCrowded) yield* this.#setPeersWithRoom(world);
    this.#isCrowded = false;
    this.#dirtyPeers.clear();
    this.#dirtyNodes.clear();
    this.#dirtyAddresses.clear();
    this.#isLocalDirty = false;
    this.#isConfigurationDirty = false;
  }

  get #room(): number {
    return (this.#options.maxPeerText ?? MAX_PEER_TEXT) - this.#peerText;
  }

  /** Works out again those that changes have to do with; stops where there is no room. */
  *#changePeers(world: PeerWorld): Generator<void> {
    yield* this.#setPeers(this.#dirtyPeers, world);
    let done = 0;
    for (const [name, peer] of this.#peers) {
      if (this.#isCrowded) return;
      if (this.#dirtyPeers.has(name)) continue;
      if (this.#isTouched(peer)) {
        yield* this.#setPeer(name, world);
      } else {
        for (const nodeName of this.#dirtyNodes) this.#setPeerWith(peer, nodeName, world);
      }
      if (++done % SLICE === 0) yield;
    }
  }

  /** Whether all that a peer claims may be other than before, not only with the nodes that have changed. */
  #isTouched({ nodeSelector, peerSelector, host, isReversed }: Peer): boolean {
    if (!peerSelector && this.#dirtyAddresses.has(host)) return true;
    if (this.#isLocalDirty && (nodeSelector || (peerSelector && isReversed))) return true;
    return this.#isConfigurationDirty && (peerSelector !== undefined || this.#nodesByAddress.has(host));
  }

  /** Works peers out afresh, and removes those that are not there; stops where there is no room. */
  *#setPeers(names: Iterable<string>, world: PeerWorld): Generator<void> {
    for (const name of this.#dirtyPeers) if (!this.#peers.has(name)) this.#dropPeer(name);
    let done = 0;
    for (const name of names) {
      if (!(yield* this.#setPeer(name, world))) return;
      if (++done % SLICE === 0) yield;
    }
  }

  /** By name, so that it does not matter in what order they came; those that there is no room for are left out. */
  *#setPeersWithRoom(world: PeerWorld): Generator<void> {
    for (const name of [...this.#peerClaims.keys()]) this.#dropPeer(name);
    const leftOut = new Set<string>();
    let done = 0;
    for (const name of [...this.#peers.keys()].sort()) {
      if (!(yield* this.#setPeer(name, world))) {
        this.#dropPeer(name);
        leftOut.add(name);
      }
      if (++done % SLICE === 0) yield;
    }
    for (const name of this.#leftOut) {
      const key = keyOf('BGPPeer', name);
      if (!leftOut.has(name) && !this.#problems.has(key)) this.#options.report(key, undefined);
    }
    const limit = this.#options.maxPeerText ?? MAX_PEER_TEXT;
    for (const name of leftOut) {
      if (this.#leftOut.has(name)) continue;
      this.#options.report(
        keyOf('BGPPeer', name),
        `its neighbours, with those of the peers before it by name, would take more than ${limit} characters; left out: ` +
          'let its selectors choose fewer nodes',
      );
    }
    this.#leftOut = leftOut;
  }

  /** Returns whether there was room for all that it claims; the rest is not there. */
  *#setPeer(name: string, world: PeerWorld): Generator<void, boolean> {
    this.#dropPeer(name);
    const peer = this.#peers.get(name);
    if (!peer) return true;
    const claims: PeerClaims = { byNode: new Map(), size: 0 };
    let done = 0;
    for (const [node, some] of peerClaims(peer, world)) {
      if (some.length === 0) continue;
      if (done === 0) this.#peerClaims.set(name, claims);
      this.#resize(claims, sizeOf(some));
      if (this.#room < 0) {
        this.#resize(claims, -sizeOf(some));
        this.#isCrowded = true;
        return false;
      }
      const there = claims.byNode.get(node);
      claims.byNode.set(node, there ? [...there, ...some] : some);
      this.#table.add(some);
      if (++done % SLICE === 0) yield;
    }
    return true;
  }

  #resize(claims: PeerClaims, difference: number): void {
    claims.size += difference;
    this.#peerText += difference;
  }

  #dropPeer(name: string): void {
    const claims = this.#peerClaims.get(name);
    if (!claims) return;
    for (const some of claims.byNode.values()) this.#table.remove(some);
    this.#peerText -= claims.size;
    this.#peerClaims.delete(name);
  }

  #setPeerWith(peer: Peer, nodeName: string, world: PeerWorld): void {
    const node = this.#nodes.get(nodeName);
    const after = node ? peerClaimsWith(peer, node, world) : [];
    let claims = this.#peerClaims.get(peer.name);
    const before = claims?.byNode.get(nodeName) ?? [];
    if (before.length === 0 && after.length === 0) return;
    if (!claims) this.#peerClaims.set(peer.name, (claims = { byNode: new Map(), size: 0 }));
    this.#table.remove(before);
    this.#table.add(after);
    this.#resize(claims, sizeOf(after) - sizeOf(before));
    if (this.#room < 0) this.#isCrowded = true;
    if (after.length > 0) claims.byNode.set(nodeName, after);
    else claims.byNode.delete(nodeName);
    if (claims.byNode.size === 0) this.#peerClaims.delete(peer.name);
  }

  #world(): PeerWorld {
    const nodes = this.#nodes;
    const global = this.#configurations.get('default');
    const localSource = this.#sources.Node.get(this.#options.nodeName);
    const globalSource = this.#sources.BGPConfiguration.get('default');
    const nodesOf = (names: Iterable<string>): Node[] =>
      [...names].sort().flatMap((name) => nodes.get(name) ?? []);
    return {
      localName: this.#options.nodeName,
      local: nodes.get(this.#options.nodeName),
      asNumber: global?.asNumber ?? DEFAULT_AS,
      listenPort: global?.listenPort ?? 0,
      listenPortOf: (name) => this.#configurations.get(`node.${name}`)?.listenPort || undefined,
      nodesWithAddress: (address) => nodesOf(this.#nodesByAddress.get(address) ?? []),
      nodesMatching: (selector) => this.#nodesMatching(selector),
      node: (name) => nodes.get(name),
      password: this.#options.secret,
      sources: (peer, node, { local, configuration }) => {
        const found: Source[] = [];
        const add = (source: Source | undefined): void => {
          if (source) found.push(source);
        };
        add(this.#sources.BGPPeer.get(peer));
        if (node !== undefined) {
          add(this.#sources.Node.get(node));
          add(this.#sources.BGPConfiguration.get(`node.${node}`));
        }
        if (local && node !== this.#options.nodeName) add(localSource);
        if (configuration) add(globalSource);
        return found;
      },
    };
  }

  #nodesMatching(selector: NamedSelector | undefined): readonly Node[] {
    const text = selector?.text ?? '';
    let found = this.#matching.get(text);
    if (!found) {
      found = [...this.#nodes.values()].filter(({ labels }) => !selector || selector.matches(labels));
      if (this.#matchingSize + found.length > MAX_MATCHING) this.#forgetMatching();
      this.#matching.set(text, found);
      this.#matchingSize += found.length;
    }
    return found;
  }

  #forgetMatching(): void {
    this.#matching.clear();
    this.#matchingSize = 0;
  }

  #below(
    key: string,
    folder: string,
    values: Readonly<Record<string, string | undefined>>,
    sources: readonly Source[],
  ): Claim[] {
    const claims: Claim[] = [];
    for (const [name, value] of Object.entries(values)) {
      if (value !== undefined)
        claims.push(this.#made(key, `${folder}/${name}`, value, RANK.translated, sources));
    }
    return claims;
  }

  #made(owner: string, key: string, value: string, rank: number, sources: readonly Source[]): Claim {
    return { place: key, rank, owner, key, value, sources };
  }

  #claim(owner: string, claims: readonly Claim[]): void {
    const before = this.#claims.get(owner);
    if (before) this.#table.remove(before);
    this.#table.add(claims);
    if (claims.length > 0) this.#claims.set(owner, claims);
    else this.#claims.delete(owner);
  }

  /** The key of a resource, where it is there. */
  #sourcesOf(kind: Kind, name: string): readonly Source[] {
    const source = this.#sources[kind].get(name);
    return source ? [source] : [];
  }
}

function keyOf(kind: Kind, name: string): string {
  return `${RESOURCES}/${KINDS[kind]}/${name}`;
}

/** Characters that claims take. */
function sizeOf(claims: readonly Claim[]): number {
  let size = 0;
  for (const { key, value } of claims) size += key.length + value.length + CLAIM_SIZE;
  return size;
}
