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
/** Keys of the store itself come before what is translated, and that before defaults. */
const RANK = { plain: -1, translated: 0, usual: 9 } as const;
/** Work between two pauses. */
const SLICE = 500;
/** With more changed nodes than this, peers are worked out afresh. */
const MANY_NODES = 20;

export interface TranslatorOptions {
  /** The node that the configuration is for. */
  readonly nodeName: string;
  /** Blocks that are not yet a node's are shown all the same. */
  readonly isPendingKept: boolean;
  readonly secret: (ref: SecretRef) => string | undefined;
  /** Is told what is wrong with the resource of a key, and is left out; undefined: nothing any more. */
  readonly report: (key: string, problem: string | undefined) => void;
}

export class Translator {
  readonly #options: TranslatorOptions;
  readonly #table = new ClaimTable();
  /** What each key claims, without peers. */
  readonly #claims = new Map<string, readonly Claim[]>();
  readonly #revisions = new Map<string, bigint>();
  readonly #nodes = new Map<string, Node>();
  readonly #nodesByAddress = new Map<string, Set<string>>();
  readonly #peers = new Map<string, Peer>();
  readonly #peerClaims = new Map<string, Map<string, Claim[]>>();
  readonly #configurations = new Map<string, BgpConfiguration>();
  readonly #problems = new Set<string>();
  readonly #dirtyPeers = new Set<string>();
  readonly #dirtyNodes = new Set<string>();
  readonly #dirtyAddresses = new Set<string>();
  readonly #matching = new Map<string, readonly Node[]>();
  #allDirty = false;
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
   * have changed.
   */
  *apply(changes: Iterable<readonly [string, Entry | undefined]>): Generator<void, ReadonlySet<string>> {
    let done = 0;
    for (const [key, entry] of changes) {
      this.#take(key, entry);
      if (++done % SLICE === 0) yield;
    }
    this.#globals();
    yield* this.#flushPeers();
    return this.#table.settle();
  }

  /** Works out again what depends on secrets. */
  *secretsChanged(): Generator<void, ReadonlySet<string>> {
    for (const [name, { password }] of this.#peers) if (password) this.#dirtyPeers.add(name);
    this.#globals();
    yield* this.#flushPeers();
    return this.#table.settle();
  }

  #take(key: string, entry: Entry | undefined): void {
    const resource = resourceOfKey(key);
    if (!resource) {
      const isBlock = key.startsWith('/calico/ipam/v2/') && !this.#options.isPendingKept;
      const isKept = entry && !(isBlock && isPending(entry.value));
      if (entry) this.#revisions.set(key, entry.revision);
      else this.#revisions.delete(key);
      this.#claim(key, isKept ? [this.#made(key, key, entry.value, RANK.plain)] : []);
      return;
    }
    if (this.#revisions.has(key)) this.#resources--;
    if (entry) this.#revisions.set(key, entry.revision);
    else this.#revisions.delete(key);
    if (entry) this.#resources++;
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
        this.#claim(key, entry ? [this.#made(key, key, entry.value, RANK.translated)] : []);
        return undefined;
      case 'IPPool':
      case 'BlockAffinity': {
        const pool = fields && (kind === 'IPPool' ? poolKey(fields) : affinityKey(fields));
        this.#claim(key, pool ? [this.#made(key, pool.key, pool.value, RANK.translated)] : []);
        return undefined;
      }
    }
  }

  #takeNode(name: string, key: string, fields: Fields | undefined): string | undefined {
    const read = fields && readNode(name, fields);
    const before = this.#nodes.get(name);
    for (const address of [before?.addressV4, before?.addressV6]) {
      if (!address) continue;
      this.#nodesByAddress.get(address)?.delete(name);
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
    this.#claim(key, read ? this.#below(key, `${HOST}/${name}`, nodeKeys(read.node)) : []);
    this.#dirtyNodes.add(name);
    if (name === this.#options.nodeName) this.#allDirty = true;
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
    if (scope.node === undefined || scope.node === this.#options.nodeName) this.#allDirty = true;
    if (scope.node !== undefined) {
      this.#dirtyNodes.add(scope.node);
      const node = this.#nodes.get(scope.node);
      for (const address of [node?.addressV4, node?.addressV6])
        if (address) this.#dirtyAddresses.add(address);
    }
    const folder = scope.node === undefined ? GLOBAL : `${HOST}/${scope.node}`;
    this.#claim(key, configuration ? this.#below(key, folder, configuration.keys) : []);
  }

  /** What has no resource of its own: defaults, routes of services, the password of the mesh. */
  #globals(): void {
    const usual =
      this.#resources === 0
        ? []
        : Object.entries(GLOBAL_DEFAULTS).map(([name, value]) =>
            this.#made(undefined, `${GLOBAL}/${name}`, value, RANK.usual),
          );
    this.#claim('defaults', usual);
    const configuration = this.#configurations.get('default');
    const key = keyOf('BGPConfiguration', 'default');
    const nodeKey = keyOf('Node', this.#options.nodeName);
    const services = configuration
      ? Array.from(
          serviceKeys(configuration, this.#nodes.get(this.#options.nodeName)?.labels),
          ([at, value]) => ({
            ...this.#made(key, at, value, RANK.translated),
            sources: this.#sources(key, nodeKey),
          }),
        )
      : [];
    this.#claim('services', services);
    const ref = configuration?.meshPassword;
    const password = ref && this.#options.secret(ref);
    this.#claim(
      'mesh password',
      password === undefined
        ? []
        : [this.#made(key, `${GLOBAL}/node_mesh_password`, password, RANK.translated)],
    );
  }

  *#flushPeers(): Generator<void> {
    const world = this.#world();
    if (this.#dirtyNodes.size > 0) this.#matching.clear();
    const isAll = this.#allDirty || this.#dirtyNodes.size > MANY_NODES;
    let done = 0;
    for (const name of this.#dirtyPeers) {
      const peer = this.#peers.get(name);
      this.#setPeer(name, peer ? peerClaims(peer, world) : new Map());
      if (++done % SLICE === 0) yield;
    }
    for (const [name, peer] of this.#peers) {
      if (this.#dirtyPeers.has(name)) continue;
      if (isAll || (!peer.peerSelector && this.#dirtyAddresses.has(peer.host))) {
        const claims = peerClaims(peer, world);
        this.#setPeer(name, claims);
        done += claims.size;
      } else {
        for (const nodeName of this.#dirtyNodes) this.#setPeerWith(peer, nodeName, world);
      }
      if (++done >= SLICE) {
        done = 0;
        yield;
      }
    }
    this.#dirtyPeers.clear();
    this.#dirtyNodes.clear();
    this.#dirtyAddresses.clear();
    this.#allDirty = false;
  }

  #setPeer(name: string, after: Map<string, Claim[]>): void {
    this.#table.replace([...(this.#peerClaims.get(name)?.values() ?? [])].flat(), [...after.values()].flat());
    if (after.size > 0) this.#peerClaims.set(name, after);
    else this.#peerClaims.delete(name);
  }

  #setPeerWith(peer: Peer, nodeName: string, world: PeerWorld): void {
    const node = this.#nodes.get(nodeName);
    const after = node ? peerClaimsWith(peer, node, world) : [];
    let claims = this.#peerClaims.get(peer.name);
    const before = claims?.get(nodeName) ?? [];
    if (before.length === 0 && after.length === 0) return;
    this.#table.replace(before, after);
    if (!claims) this.#peerClaims.set(peer.name, (claims = new Map()));
    if (after.length > 0) claims.set(nodeName, after);
    else claims.delete(nodeName);
  }

  #world(): PeerWorld {
    const nodes = this.#nodes;
    const global = this.#configurations.get('default');
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
      sources: (peer, node) =>
        this.#sources(
          keyOf('BGPPeer', peer),
          ...(node === undefined ? [] : [keyOf('Node', node), keyOf('BGPConfiguration', `node.${node}`)]),
          keyOf('Node', this.#options.nodeName),
          keyOf('BGPConfiguration', 'default'),
        ),
    };
  }

  #nodesMatching(selector: NamedSelector | undefined): readonly Node[] {
    const text = selector?.text ?? '';
    let found = this.#matching.get(text);
    if (!found) {
      found = [...this.#nodes.values()].filter(({ labels }) => !selector || selector.matches(labels));
      this.#matching.set(text, found);
    }
    return found;
  }

  #below(key: string, folder: string, values: Readonly<Record<string, string | undefined>>): Claim[] {
    return Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [this.#made(key, `${folder}/${name}`, value, RANK.translated)],
    );
  }

  #made(from: string | undefined, key: string, value: string, rank: number): Claim {
    const sources = from === undefined ? [] : this.#sources(from);
    return { place: key, rank, owner: from ?? '', key, value, sources };
  }

  #claim(owner: string, claims: readonly Claim[]): void {
    this.#table.replace(this.#claims.get(owner) ?? [], claims);
    if (claims.length > 0) this.#claims.set(owner, claims);
    else this.#claims.delete(owner);
  }

  /** Those of some keys that are there. */
  #sources(...keys: readonly string[]): Source[] {
    return keys.flatMap((key) => {
      const revision = this.#revisions.get(key);
      return revision === undefined ? [] : [{ key, revision }];
    });
  }
}

function keyOf(kind: Kind, name: string): string {
  return `${RESOURCES}/${KINDS[kind]}/${name}`;
}
