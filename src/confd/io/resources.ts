/** Template resources of a folder, with the texts of their templates. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { LoadedResource } from '../renderings.ts';
import type { Template } from '../render.ts';
import type { ResourceOptions, TemplateResource } from '../resource.ts';
import { parseResource } from '../resource.ts';
import { decodeText } from '../template/text.ts';

/** Whether a text that goes to this path is a template resource of the folder itself, as Calico 2.6 renders some. */
export function isResourcePath(confDir: string, dest: string): boolean {
  return dest.endsWith('toml') && dirname(resolve(dest)) === resolve(confDir, 'conf.d');
}

/** Paths of the resources in `conf.d`, in order. Rejects where the folder cannot be read. */
export async function resourcePaths(confDir: string): Promise<string[]> {
  const folder = join(confDir, 'conf.d');
  const paths: string[] = [];
  for (const name of (await readdir(folder, { recursive: true })).sort()) {
    const path = join(folder, name);
    if (name.endsWith('toml') && !(await stat(path)).isDirectory()) paths.push(path);
  }
  return paths;
}

/** The template of a resource. Rejects where there is none. */
export async function readTemplate(confDir: string, { src }: TemplateResource): Promise<Template> {
  const path = join(confDir, 'templates', src);
  try {
    return { name: basename(path), text: decodeText(await readFile(path)) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`Missing template: ${path}`, { cause: error });
  }
}

/**
 * All resources, where each is good: a part of a configuration is none. Rejects with what is wrong.
 * @param generated texts of resources that were rendered, by path; they stand for files
 * @param warn is told of what means nothing
 */
export async function loadResources(
  confDir: string,
  options: ResourceOptions,
  generated: ReadonlyMap<string, string>,
  warn: (text: string) => void,
): Promise<LoadedResource[]> {
  const texts = new Map<string, string>();
  let paths: string[];
  try {
    paths = await resourcePaths(confDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${join(confDir, 'conf.d')}: there is no such folder of template resources`, {
      cause: error,
    });
  }
  for (const path of paths) texts.set(resolve(path), await readFile(path, 'utf8'));
  for (const [path, text] of generated) texts.set(resolve(path), text);
  if (texts.size === 0) throw new Error(`${join(confDir, 'conf.d')} has no template resources`);
  const loaded: LoadedResource[] = [];
  for (const [path, text] of [...texts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const { resource, warnings } = parseResource(path, text, options);
    for (const warning of warnings) warn(warning);
    loaded.push({ resource, template: await readTemplate(confDir, resource) });
  }
  return loaded;
}
