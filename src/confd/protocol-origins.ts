/** Where the protocols of rendered texts come from, in words, for who shows them. */
import { keyText, originText } from './origin-text.ts';
import type { KeySources } from './provenance.ts';
import { traceText } from './provenance.ts';
import type { RenderWorld } from './render.ts';
import type { LoadedResource } from './renderings.ts';
import type { Snapshot } from './store.ts';

/** By `dest`, then by line from 1 on: of the lines on which a protocol begins. */
export type ProtocolOrigins = ReadonlyMap<string, ReadonlyMap<number, string>>;

/** A line of a rendered text. */
export interface TextPlace {
  readonly file: string;
  readonly line: number;
}

/** Keys that are named with what was refused. */
const MOST_KEYS = 4;

/** Renders once more, traced. */
export async function protocolOrigins(
  loaded: readonly LoadedResource[],
  snapshot: Snapshot,
  world: RenderWorld,
  sources?: KeySources,
): Promise<ProtocolOrigins> {
  const all = new Map<string, ReadonlyMap<number, string>>();
  for (const { resource, template } of loaded) {
    const provenance = await traceText(template, resource, snapshot, world, sources);
    const origins = new Map<number, string>();
    for (const [i, line] of provenance.text.split('\n').entries()) {
      const origin = /^\s*protocol\b/.test(line) ? provenance.originOf(i + 1) : undefined;
      if (origin && origin.template !== '') origins.set(i + 1, originText(origin));
    }
    if (origins.size > 0) all.set(resource.dest, origins);
  }
  return all;
}

/**
 * What is wrong with a rendering, by template line and keys; empty where that is not known.
 * @param place of what is wrong in the text; undefined where there is no text because a template failed
 */
export async function refusalOrigin(
  loaded: readonly LoadedResource[],
  snapshot: Snapshot,
  world: RenderWorld,
  place: TextPlace | undefined,
  sources?: KeySources,
): Promise<string> {
  for (const { resource, template } of loaded) {
    if (place && place.file !== resource.dest) continue;
    const provenance = await traceText(template, resource, snapshot, world, sources);
    const { failure } = provenance;
    if (failure) {
      const keys = failure.keys.slice(0, MOST_KEYS).map(keyText).join(', ');
      if (keys !== '') return `${failure.error.message} has to do with ${keys}`;
    } else if (place) {
      const origin = provenance.originOf(place.line);
      if (origin && origin.template !== '')
        return `${place.file}:${place.line} is rendered by ${originText(origin)}`;
    }
  }
  return '';
}
