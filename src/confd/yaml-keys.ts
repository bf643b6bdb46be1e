/** Keys from a YAML document: the path to each value is its key. */
import { parseAllDocuments } from 'yaml';
import { isResource, keysOfResource } from './calico/resource.ts';
import { joinPath } from './template/go-path.ts';
import { formatFloat } from './template/numbers.ts';

/**
 * Adds the values of a document, or resources of Calico as `calicoctl apply` takes them, at the keys where it keeps them.
 * @param folder where its root is
 * @param version of YAML; confd reads 1.1, where `yes` is true and `010` is 8
 * Throws an error that says what is wrong with the document.
 */
export function readYamlKeys(
  text: string,
  folder: string,
  into: Map<string, string>,
  version: '1.1' | '1.2',
): void {
  const parsed = parseAllDocuments(text, { intAsBigInt: true, version, merge: true });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const { errors } of documents) if (errors[0]) throw errors[0];
  const values = documents
    .map((one): unknown => one.toJS())
    .filter((one) => one !== null && one !== undefined);
  if (values.length > 0 && values.every(isResource)) {
    for (const resource of readResourceDocuments(text)) {
      if (!isResource(resource)) continue;
      for (const [key, value] of keysOfResource(resource)) {
        if (into.has(key)) throw new Error(`there are two of ${key}`);
        into.set(key, value);
      }
    }
    return;
  }
  if (values.length > 1) throw new Error('only resources of projectcalico.org/v3 may come several in a file');
  const [document] = values;
  if (document === undefined) return;
  if (typeof document !== 'object') throw new Error('a mapping is wanted at the top');
  walk(document, folder, into);
}

/**
 * The documents of a text as `calicoctl` and `kubectl` read them: YAML 1.1, where `yes` is true, but without its times and
 * its numbers to the base of 60, which communities like `65000:10` would be.
 */
export function readResourceDocuments(text: string): unknown[] {
  const documents = parseAllDocuments(text, {
    version: '1.1',
    merge: true,
    customTags: (tags) => tags.filter((one) => typeof one !== 'object' || !isOfTime(one)),
  });
  return Array.isArray(documents) ? documents.map((one): unknown => one.toJS()) : [];
}

function isOfTime({ tag, format }: { tag: string; format?: string }): boolean {
  return format === 'TIME' || tag === 'tag:yaml.org,2002:timestamp';
}

function walk(node: unknown, key: string, into: Map<string, string>): void {
  switch (typeof node) {
    case 'string':
      into.set(key, node);
      return;
    case 'bigint':
    case 'boolean':
      into.set(key, String(node));
      return;
    case 'number':
      into.set(key, formatFloat(node, 'f', -1));
      return;
    default:
      break;
  }
  if (node === null || node === undefined) return;
  if (node instanceof Date) throw new Error(`${key} is a date: put it between quotes`);
  if (Array.isArray(node)) {
    node.forEach((item, i) => {
      walk(item, joinPath(key, String(i)), into);
    });
    return;
  }
  for (const [name, value] of Object.entries(node as object)) walk(value, joinPath(key, name), into);
}
