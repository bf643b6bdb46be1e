/** What `render`, `diff` and `check --explain` share: the flags of `catbird confd`, and renderings that are written nowhere. */
import { basename } from 'node:path';
import { configFile, environment } from './confd-command.ts';
import { messageOf, Processor } from './confd/io/processor.ts';
import { readTemplate } from './confd/io/resources.ts';
import { openStore } from './confd/io/stores.ts';
import { systemWorld } from './confd/io/world.ts';
import type { ConfdOptions } from './confd/options.ts';
import { confdOptions, parseFlags, UsageError } from './confd/options.ts';
import { mainFiles } from './confd/main-files.ts';
import { originText } from './confd/origin-text.ts';
import type { KeySources, Provenance } from './confd/provenance.ts';
import { traceText } from './confd/provenance.ts';
import type { TemplateResource } from './confd/resource.ts';
import type { Snapshot } from './confd/store.ts';
import { formatDiagnostic } from './birdcl-compat/conf/diagnostics.ts';
import type { Diagnostic } from './birdcl-compat/conf/diagnostics.ts';
import { loadFiles } from './birdcl-compat/conf/load.ts';
import type { LoadResult } from './birdcl-compat/conf/load.ts';
import type { Location } from './birdcl-compat/conf/source.ts';
import { configFiles, hostFacts } from './birdcl-compat/io/config-files.ts';
import { renderedFiles } from './birdcl-compat/io/rendered-files.ts';

/** A resource with its text, which is traced. */
export interface Rendering {
  readonly resource: TemplateResource;
  readonly provenance: Provenance;
}

/** Resources and the keys that they read, as they are now. */
export interface Source {
  readonly options: ConfdOptions;
  readonly resources: readonly TemplateResource[];
  readonly snapshot: Snapshot;
  /** Of keys that the store does not have as they are. */
  readonly sources: KeySources;
}

/** Flags of their own that commands have besides those of `catbird confd`: with a value, or without. */
export type OwnFlags = Readonly<Record<string, 'value' | 'plain'>>;

export type OwnValues = ReadonlyMap<string, readonly string[]>;

/**
 * Runs a command with flags of its own and those of `catbird confd`. Errors are printed; resolves with the exit code, which is
 * 2 where the flags are wrong.
 */
export async function runWithFlags(
  args: readonly string[],
  own: OwnFlags,
  help: string,
  run: (own: OwnValues, confd: readonly string[]) => Promise<number>,
): Promise<number> {
  try {
    const parts = splitFlags(args, own);
    if (!parts.own.has('help')) return await run(parts.own, parts.confd);
    process.stdout.write(help);
    return 0;
  } catch (error) {
    process.stderr.write(`catbird: ${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

/** Parts a command line into flags of one's own, by name, and those of `catbird confd`. Throws an `Error`. */
export function splitFlags(
  args: readonly string[],
  own: OwnFlags,
): { own: Map<string, string[]>; confd: string[] } {
  const found = new Map<string, string[]>();
  const confd: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] === '-h' ? '--help' : args[i]!;
    const [, name = '', given] = /^-{1,2}([^-=][^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
    const kind = Object.hasOwn(own, name) ? own[name] : undefined;
    if (!kind) {
      confd.push(args[i]!);
      continue;
    }
    if (kind === 'plain' && given !== undefined) throw new Error(`--${name} takes no value`);
    const value = kind === 'plain' ? '' : (given ?? args[++i]);
    if (value === undefined) throw new Error(`--${name} needs a value`);
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return { own: found, confd };
}

/**
 * Loads resources and reads their keys once. Throws an `Error` that says what is wrong.
 * @param only the resource with this file, source, destination or name of these; without it, all
 */
export async function readSource(flags: readonly string[], only?: string): Promise<Source> {
  const parsed = parseFlags(flags);
  const options = confdOptions(
    parsed,
    configFile(parsed.get('config-file') as string | undefined),
    environment,
  );
  const failures: string[] = [];
  const processor = new Processor(
    { ...options, nodeName: environment('NODENAME') },
    systemWorld,
    (level, message) => {
      if (level === 'error') failures.push(message);
    },
  );
  const loaded = await processor.load();
  if (failures.length > 0) throw new Error(failures.join('\n'));
  const names = ({ path, src, dest }: TemplateResource): string[] =>
    [path, src, dest].flatMap((name) => [name, basename(name)]);
  const resources = loaded.resources.filter((one) => only === undefined || names(one).includes(only));
  if (resources.length === 0) {
    throw new Error(
      only === undefined
        ? `there are no template resources in ${options.confDir}/conf.d; -confdir names another folder`
        : `no template resource has the file, src or dest '${only}'`,
    );
  }
  const store = await openStore(options, environment, (text) => {
    process.stderr.write(`${text}\n`);
  });
  try {
    const snapshot = await store.read(resources.flatMap(({ paths }) => paths));
    return { options, resources, snapshot, sources: (key) => store.sourcesOf(key) };
  } finally {
    store.close();
  }
}

/** Renders all resources of a source, with other keys where a snapshot is given. */
export async function renderAll(source: Source, snapshot = source.snapshot): Promise<Rendering[]> {
  const all: Rendering[] = [];
  for (const resource of source.resources) {
    const template = await readTemplate(source.options.confDir, resource);
    all.push({
      resource,
      provenance: await traceText(template, resource, snapshot, systemWorld, source.sources),
    });
  }
  return all;
}

/** What is wrong with renderings, each with the keys that have to do with it; empty where nothing is. */
export function failuresOf(renderings: readonly Rendering[]): string[] {
  return renderings.flatMap(({ resource, provenance: { failure } }) => {
    if (!failure) return [];
    const keys = failure.keys.map(
      ({ key, revision }) => `${key} (${revision === undefined ? 'not there' : `revision ${revision}`})`,
    );
    const from = keys.length > 0 ? `\n  it has to do with ${keys.slice(0, 4).join(', ')}` : '';
    return [`${resource.dest}: ${failure.error.message}${from}`];
  });
}

/** Reads the configuration that some of the texts make, where what was rendered stands for what is on disk. */
export function loadRendered(renderings: readonly Rendering[], paths: readonly string[]): LoadResult {
  const texts = new Map(renderings.map(({ resource, provenance }) => [resource.dest, provenance.text]));
  return loadFiles(paths, renderedFiles(texts, configFiles), hostFacts());
}

/** `rendered by bird.cfg.template:31 from /a/b (revision 42)`; undefined for a file that was not rendered. */
export function renderedBy(renderings: readonly Rendering[], { file, line }: Location): string | undefined {
  const rendering = renderings.find(({ resource }) => resource.dest === file);
  const origin = rendering?.provenance.originOf(line);
  return origin && origin.template !== '' ? `rendered by ${originText(origin)}` : undefined;
}

/**
 * The texts that are whole configurations: those that are named, by `dest` or the name of that file, or else those with
 * BIRD's names. Throws an `Error` where that cannot be told.
 */
export function configurationFiles(renderings: readonly Rendering[], own: OwnValues): string[] {
  const all = renderings.map(({ resource }) => resource.dest);
  const wanted = [...(own.get('config') ?? []), ...(own.get('c') ?? [])];
  if (wanted.length > 0)
    return wanted.map((name) => all.find((dest) => dest === name || basename(dest) === name) ?? name);
  try {
    return mainFiles(all);
  } catch (error) {
    throw new Error(`${messageOf(error)} (-c names it)`, { cause: error });
  }
}

/** Prints messages, each with what wrote the line that it is about. */
export function reportRendered(renderings: readonly Rendering[], diagnostics: readonly Diagnostic[]): void {
  for (const diagnostic of diagnostics) {
    const origin = renderedBy(renderings, diagnostic.location);
    process.stderr.write(`${formatDiagnostic(diagnostic)}\n${origin === undefined ? '' : `  ${origin}\n`}`);
  }
}
