/** Template resources: what to render from which keys, and where to. */
import { parse } from 'smol-toml';
import { joinPath } from './template/go-path.ts';
import { parseGoInt } from './template/literal.ts';

export interface TemplateResource {
  /** The file that says so. */
  readonly path: string;
  /** Name of the template, below the folder of templates. */
  readonly src: string;
  readonly dest: string;
  /** Cut from the keys that the template sees. Begins with a slash. */
  readonly prefix: string;
  /** Full paths of the keys that are read, with all below them. */
  readonly paths: readonly string[];
  /** Undefined: that of the file which is there, or 0644. */
  readonly mode: number | undefined;
  /** Undefined: that of the process. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly checkCommand: string;
  readonly reloadCommand: string;
}

export interface ResourceOptions {
  /** In place of the prefixes of all resources. */
  readonly prefix: string;
  /** Stands for `//NODENAME` in a prefix or a key. */
  readonly nodeName: string | undefined;
}

const KNOWN = ['src', 'dest', 'keys', 'prefix', 'mode', 'uid', 'gid', 'check_cmd', 'reload_cmd'] as const;
type Known = (typeof KNOWN)[number];

/** Reads the text of a template resource. Throws an error that says what is wrong. */
export function parseResource(
  path: string,
  text: string,
  options: ResourceOptions,
): { resource: TemplateResource; warnings: string[] } {
  const wrong = (why: string): never => {
    throw new Error(`Cannot process template resource ${path} - ${why}`);
  };
  let table: Record<string, unknown>;
  try {
    const document = lowerKeys(parse(text));
    const inner = document['template'];
    if (!isTable(inner)) return wrong('there is no [template] table');
    table = lowerKeys(inner);
  } catch (error) {
    if (error instanceof Error && error.message.startsWith('Cannot process')) throw error;
    return wrong(error instanceof Error ? error.message : String(error));
  }
  const string = (name: Known): string => {
    const value = table[name] ?? '';
    return typeof value === 'string' ? value : wrong(`${name} is to be a string`);
  };
  const id = (name: Known): number | undefined => {
    const value = table[name] ?? -1;
    if (typeof value !== 'number' || !Number.isInteger(value))
      return wrong(`${name} is to be a whole number`);
    return value === -1 ? undefined : value;
  };
  const keys = table['keys'] ?? [];
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string')) {
    return wrong('keys is to be an array of strings');
  }
  const src = string('src');
  if (src === '') wrong('empty src template');
  const dest = string('dest');
  if (dest === '') wrong('empty dest: where is the text to go?');
  const prefix = fullPrefix(options.prefix || string('prefix'), options.nodeName);
  const resource: TemplateResource = {
    path,
    src,
    dest,
    prefix,
    paths: keys.map((key) => joinPath(prefix, withNodeName(key, options.nodeName))),
    mode: fileMode(string('mode'), wrong),
    uid: id('uid'),
    gid: id('gid'),
    checkCommand: string('check_cmd'),
    reloadCommand: string('reload_cmd'),
  };
  const unknown = Object.keys(table).filter((name) => !KNOWN.includes(name as Known));
  return {
    resource,
    warnings: unknown.map((name) => `${path}: ${name} means nothing in a template resource`),
  };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Names are taken in any case, as confd's reader of TOML does. */
function lowerKeys(table: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name.toLowerCase(), value]));
}

function fullPrefix(prefix: string, nodeName: string | undefined): string {
  const rooted = prefix.startsWith('/') ? prefix : `/${prefix}`;
  return withNodeName(rooted, nodeName);
}

function withNodeName(path: string, nodeName: string | undefined): string {
  return nodeName === undefined ? path : path.replace('//NODENAME', () => `/${nodeName}`);
}

/** `0644`: octal because of its first digit, as Go reads numbers. */
function fileMode(text: string, wrong: (why: string) => never): number | undefined {
  if (text === '') return undefined;
  const mode = parseGoInt(text);
  if (mode === undefined || mode < 0n || mode > 0o7777n)
    return wrong(`mode is to be a string like "0644", not "${text}"`);
  return Number(mode);
}
