/** Resources of `projectcalico.org/v3`: where they are kept, and how documents become keys. */
import { Fields } from './fields.ts';

export const RESOURCES = '/calico/resources/v3/projectcalico.org';
const API = /^(?:projectcalico\.org\/v3|crd\.projectcalico\.org\/v1)$/;

/** Kinds that are translated, with the folders of their keys. */
export const KINDS = {
  Node: 'nodes',
  BGPPeer: 'bgppeers',
  BGPConfiguration: 'bgpconfigurations',
  BGPFilter: 'bgpfilters',
  IPPool: 'ippools',
  BlockAffinity: 'blockaffinities',
} as const;
export type Kind = keyof typeof KINDS;

const KIND_OF_FOLDER = new Map(
  Object.entries(KINDS).map(([kind, folder]): [string, Kind] => [folder, kind as Kind]),
);

export interface ResourceKey {
  readonly kind: Kind;
  readonly name: string;
}

/** Which resource a key holds; undefined where it is none that is translated. */
export function resourceOfKey(key: string): ResourceKey | undefined {
  if (!key.startsWith(`${RESOURCES}/`)) return undefined;
  const [folder, name, ...more] = key.slice(RESOURCES.length + 1).split('/');
  const kind = KIND_OF_FOLDER.get(folder!);
  return kind === undefined || name === undefined || name === '' || more.length > 0
    ? undefined
    : { kind, name };
}

/** A resource as its key holds it. Throws an error that says what is wrong with it. */
export function parseResourceValue(value: string): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch {
    // The message of the parser repeats the value, which may hold what is not for logs.
    throw new Error('it is no JSON');
  }
  return new Fields(parsed, '');
}

/** Whether a document of YAML is a resource, as `calicoctl apply` takes it, or a list of them. */
export function isResource(document: unknown): document is Readonly<Record<string, unknown>> {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) return false;
  const { apiVersion, kind } = document as Record<string, unknown>;
  return typeof apiVersion === 'string' && API.test(apiVersion) && typeof kind === 'string';
}

/**
 * The keys at which `calicoctl` would keep a resource, with their values.
 * Kinds that nothing is translated from are left out. Throws an error that says what is wrong.
 */
export function keysOfResource(document: Readonly<Record<string, unknown>>): [key: string, value: string][] {
  const kind = document['kind'] as string;
  const { items } = document;
  if (kind.endsWith('List') && Array.isArray(items)) {
    return items.flatMap((item, i) => {
      if (!isResource(item)) throw new Error(`items[${i}] of the ${kind} is no resource`);
      return keysOfResource(item);
    });
  }
  if (!Object.hasOwn(KINDS, kind)) return [];
  const name = new Fields(document, '').object('metadata')?.text('name') ?? '';
  if (!/^[^/\s]+$/.test(name)) throw new Error(`a ${kind} needs metadata.name, without '/'`);
  return [[`${RESOURCES}/${KINDS[kind as Kind]}/${name}`, JSON.stringify(withTextLabels(document))]];
}

/** Labels are texts, though YAML may take them for something else: `node: yes`, `rack: 5`. */
function withTextLabels(document: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { metadata } = document as { metadata: Readonly<Record<string, unknown>> };
  const { labels } = metadata;
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) return document;
  const texts = Object.entries(labels).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'boolean' || typeof value === 'number' ? String(value) : value,
  ]);
  return { ...document, metadata: { ...metadata, labels: Object.fromEntries(texts) } };
}
