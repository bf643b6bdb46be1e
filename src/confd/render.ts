/** From keys and a template resource to text. */
import { isBelow } from './store.ts';
import type { Snapshot } from './store.ts';
import type { TemplateResource } from './resource.ts';
import type { Sha256 } from './template/calico-funcs.ts';
import { calicoFuncs } from './template/calico-funcs.ts';
import type { ServiceRecord, World } from './template/confd-funcs.ts';
import { LookupNeeded, PURE_FUNCS, worldFuncs } from './template/confd-funcs.ts';
import type { Sink } from './template/exec.ts';
import { TemplateSet } from './template/exec.ts';
import { joinPath } from './template/go-path.ts';
import { KeyTree, keyFuncs } from './template/key-funcs.ts';

/** Look-ups that one rendering may wait for. */
const MAX_LOOKUPS = 1000;

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
export function keysOf(resource: TemplateResource, { entries }: Snapshot): KeyTree {
  const values = new Map<string, string>();
  for (const [key, { value }] of entries) {
    if (!resource.paths.some((path) => isBelow(key, path))) continue;
    const short = key.startsWith(resource.prefix) ? key.slice(resource.prefix.length) : key;
    values.set(joinPath('/', short), value);
  }
  return new KeyTree(values);
}

/** Renders a template; what it writes goes to the sink. Throws `TemplateError`. */
export async function renderTemplate(
  template: Template,
  keys: KeyTree,
  world: RenderWorld,
  sink: Sink,
): Promise<void> {
  const addresses = new Map<string, readonly string[]>();
  const services = new Map<string, readonly ServiceRecord[]>();
  const answered: World = {
    ...pick(world),
    lookupIp: (host) => addresses.get(host) ?? need('ip', host),
    lookupService: (name) => services.get(name) ?? need('service', name),
  };
  for (let lookups = 0; ; lookups++) {
    const written: Parameters<Sink>[] = [];
    try {
      const funcs = {
        ...PURE_FUNCS,
        ...worldFuncs(answered),
        ...keyFuncs(keys),
        ...calicoFuncs(world.sha256),
      };
      const set = new TemplateSet(funcs);
      set.parse(template.name, template.text);
      set.execute(template.name, undefined, (...one) => written.push(one));
    } catch (error) {
      if (!(error instanceof LookupNeeded)) throw error;
      if (lookups >= MAX_LOOKUPS)
        throw new Error(`${template.name} looks up more than ${MAX_LOOKUPS} names`, { cause: error });
      const { kind, subject } = error;
      if (kind === 'ip') addresses.set(subject, await world.resolveIp(subject));
      else services.set(subject, await world.resolveService(subject));
      continue;
    }
    for (const one of written) sink(...one);
    return;
  }
}

/** The text that a template gives. */
export async function renderText(template: Template, keys: KeyTree, world: RenderWorld): Promise<string> {
  const parts: string[] = [];
  await renderTemplate(template, keys, world, (text) => parts.push(text));
  return parts.join('');
}

/** What functions ask that needs no waiting. */
function pick(world: RenderWorld): Omit<World, 'lookupIp' | 'lookupService'> {
  return {
    wallTime: () => world.wallTime(),
    zone: (wallTimeMs) => world.zone(wallTimeMs),
    environment: (name) => world.environment(name),
    fileExists: (path) => world.fileExists(path),
  };
}

function need(kind: 'ip' | 'service', subject: string): never {
  throw new LookupNeeded(kind, subject);
}
