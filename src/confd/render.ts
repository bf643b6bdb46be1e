/** From keys and a template resource to text. */
import { isBelow } from './store.ts';
import type { Entry, Snapshot } from './store.ts';
import type { TemplateResource } from './resource.ts';
import type { Sha256 } from './template/calico-funcs.ts';
import { calicoFuncs } from './template/calico-funcs.ts';
import type { ServiceRecord, World } from './template/confd-funcs.ts';
import { LookupNeeded, PURE_FUNCS, worldFuncs } from './template/confd-funcs.ts';
import type { Funcs, Sink } from './template/exec.ts';
import { TemplateSet } from './template/exec.ts';
import { joinPath } from './template/go-path.ts';
import { keyFuncs } from './template/key-funcs.ts';
import { KeyTree } from './template/key-tree.ts';
import { RoundMemo } from './template/memo.ts';

/** Look-ups that one rendering may wait for. */
const MAX_LOOKUPS = 1000;
/** Templates that are kept ready. */
const MAX_READY = 100;

/** What renderings need from outside. */
export interface RenderWorld extends Omit<World, 'lookupIp' | 'lookupService'> {
  readonly sha256: Sha256;
  /** Addresses of a host; none where there is no such host. Must not reject. */
  resolveIp(host: string): Promise<readonly string[]>;
  resolveService(name: string): Promise<readonly ServiceRecord[]>;
}

/** A template that is to be rendered. */
export interface Template {
  /** For messages: the name of its file, without folders. */
  readonly name: string;
  readonly text: string;
}

/** The keys of a snapshot as a resource's template sees them. */
export function keysOf(resource: TemplateResource, snapshot: Snapshot): KeyTree {
  return new ResourceKeys(resource).of(snapshot);
}

/** A key's name in the template of a resource. */
export function shortKey(resource: TemplateResource, key: string): string {
  return joinPath('/', key.startsWith(resource.prefix) ? key.slice(resource.prefix.length) : key);
}

/** The keys of snapshots that follow each other, as a resource's template sees them. */
export class ResourceKeys {
  readonly #resource: TemplateResource;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #tree: KeyTree | undefined;
  /** Keys that are written differently have the same name in the template. */
  #hasSameNames = false;

  constructor(resource: TemplateResource) {
    this.#resource = resource;
  }

  /** Of a snapshot that differs little from the last one, little is looked at. */
  of({ entries }: Snapshot): KeyTree {
    this.#tree = (this.#tree && this.#changed(this.#tree, entries)) ?? this.#all(entries);
    this.#entries = entries;
    return this.#tree;
  }

  #all(entries: ReadonlyMap<string, Entry>): KeyTree {
    const values = new Map<string, string>();
    let read = 0;
    for (const [key, { value }] of entries) {
      if (!this.#isRead(key)) continue;
      read++;
      values.set(shortKey(this.#resource, key), value);
    }
    this.#hasSameNames = values.size < read;
    return new KeyTree(values);
  }

  /** Undefined where it cannot be told: keys that are written differently have the same name in the template. */
  #changed(tree: KeyTree, entries: ReadonlyMap<string, Entry>): KeyTree | undefined {
    if (this.#hasSameNames) return undefined;
    const before = this.#entries;
    /** How many keys there would be if none had gone. */
    let wouldBe = before.size;
    const changes = new Map<string, string | undefined>();
    let { size } = tree;
    const change = (key: string, value: string | undefined): boolean => {
      const short = shortKey(this.#resource, key);
      const isOnly = this.#resource.prefix + (this.#resource.prefix === '/' ? short.slice(1) : short) === key;
      changes.set(short, value);
      return isOnly;
    };
    for (const [key, entry] of entries) {
      const old = before.get(key);
      if (!old) wouldBe++;
      if (old === entry || old?.value === entry.value || !this.#isRead(key)) continue;
      if (!change(key, entry.value)) return undefined;
      if (!old) size++;
    }
    if (entries.size !== wouldBe) {
      for (const key of before.keys()) {
        if (entries.has(key) || !this.#isRead(key)) continue;
        if (!change(key, undefined)) return undefined;
        size--;
      }
    }
    if (changes.size === 0) return tree;
    const next = tree.with(changes);
    return next.size === size ? next : undefined;
  }

  #isRead(key: string): boolean {
    for (const path of this.#resource.paths) if (isBelow(key, path)) return true;
    return false;
  }
}

/** Templates that have been parsed, for as long as their text stays the same. */
export class ReadyTemplates {
  readonly #ready = new Map<string, ReadyTemplate>();

  /** Throws `TemplateError` where it cannot be parsed. */
  of(template: Template, world: RenderWorld): ReadyTemplate {
    const id = `${template.name}\n${template.text}`;
    let ready = this.#ready.get(id);
    if (ready?.world !== world) ready = new ReadyTemplate(template, world);
    // The one that was used last comes last.
    this.#ready.delete(id);
    this.#ready.set(id, ready);
    const [oldest] = this.#ready.keys();
    if (oldest !== undefined && this.#ready.size > MAX_READY) this.#ready.delete(oldest);
    return ready;
  }
}

/** What has been looked up for a rendering. */
export class Answers {
  readonly #world: RenderWorld;
  readonly #addresses = new Map<string, readonly string[]>();
  readonly #services = new Map<string, readonly ServiceRecord[]>();

  constructor(world: RenderWorld) {
    this.#world = world;
  }

  addresses(host: string): readonly string[] {
    return this.#addresses.get(host) ?? need('ip', host);
  }

  services(name: string): readonly ServiceRecord[] {
    return this.#services.get(name) ?? need('service', name);
  }

  async find({ kind, subject }: LookupNeeded): Promise<void> {
    if (kind === 'ip') this.#addresses.set(subject, await this.#world.resolveIp(subject));
    else this.#services.set(subject, await this.#world.resolveService(subject));
  }
}

/** A template whose functions read the keys and the answers of the rendering at hand. */
class ReadyTemplate {
  readonly world: RenderWorld;
  readonly #set: TemplateSet;
  readonly #memo = new RoundMemo();
  readonly #name: string;
  #keys = new KeyTree(new Map());
  #answers: Answers;

  constructor({ name, text }: Template, world: RenderWorld) {
    this.world = world;
    this.#name = name;
    this.#answers = new Answers(world);
    const funcs = {
      ...templateFuncs(world, () => this.#answers),
      ...keyFuncs(
        () => this.#keys,
        (what) => {
          this.#memo.read(what);
        },
      ),
    };
    this.#set = new TemplateSet(funcs, { memo: this.#memo });
    this.#set.parse(name, text);
  }

  /** May throw `LookupNeeded`, and `TemplateError`. */
  run(keys: KeyTree, answers: Answers, sink: Sink): void {
    this.#keys = keys;
    this.#answers = answers;
    this.#memo.begin(keys);
    this.#set.execute(this.#name, undefined, sink);
    this.#memo.finish();
  }
}

/** The functions of a template but for those that read keys. */
export function templateFuncs(world: RenderWorld, answers: () => Answers): Funcs {
  const answered: World = {
    wallTime: () => world.wallTime(),
    zone: (wallTimeMs) => world.zone(wallTimeMs),
    environment: (name) => world.environment(name),
    fileExists: (path) => world.fileExists(path),
    lookupIp: (host) => answers().addresses(host),
    lookupService: (name) => answers().services(name),
  };
  return { ...PURE_FUNCS, ...worldFuncs(answered), ...calicoFuncs(world.sha256) };
}

/**
 * Renders as often as it takes until all that is looked up is there.
 * @param once renders from the beginning
 */
export async function untilAnswered<T>(
  name: string,
  world: RenderWorld,
  once: (answers: Answers) => T,
): Promise<T> {
  const answers = new Answers(world);
  for (let lookups = 0; ; lookups++) {
    try {
      return once(answers);
    } catch (error) {
      if (!(error instanceof LookupNeeded)) throw error;
      if (lookups >= MAX_LOOKUPS)
        throw new Error(`${name} looks up more than ${MAX_LOOKUPS} names`, { cause: error });
      await answers.find(error);
    }
  }
}

/**
 * Renders a template; what it writes goes to the sink. Throws `TemplateError`.
 * @param ready keeps what has been parsed for the next rendering
 */
export async function renderTemplate(
  template: Template,
  keys: KeyTree,
  world: RenderWorld,
  sink: Sink,
  ready = new ReadyTemplates(),
): Promise<void> {
  const written = await untilAnswered(template.name, world, (answers) => {
    const pieces: Parameters<Sink>[] = [];
    ready.of(template, world).run(keys, answers, (...piece) => pieces.push(piece));
    return pieces;
  });
  for (const piece of written) sink(...piece);
}

/**
 * The text that a template gives. Throws `TemplateError`.
 * @param ready keeps what has been parsed for the next rendering
 */
export async function renderText(
  template: Template,
  keys: KeyTree,
  world: RenderWorld,
  ready = new ReadyTemplates(),
): Promise<string> {
  return await untilAnswered(template.name, world, (answers) => {
    const parts: string[] = [];
    ready.of(template, world).run(keys, answers, (text) => parts.push(text));
    return parts.join('');
  });
}

function need(kind: 'ip' | 'service', subject: string): never {
  throw new LookupNeeded(kind, subject);
}
