/** Configuration files on disk, and what a configuration may ask of the host. */
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { parseIp } from '../../base/ip.ts';
import type { HostFacts } from '../conf/router-id.ts';
import { directoryOf } from '../conf/source.ts';
import type { ConfigFiles } from '../conf/source.ts';

/** What the system says of a failure, without the path. */
function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'ENOENT':
      return 'No such file or directory';
    case 'EACCES':
      return 'Permission denied';
    case 'EISDIR':
      return 'Is a directory';
    case 'ENOTDIR':
      return 'Not a directory';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

export const configFiles: ConfigFiles = {
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    }
  },
  glob(pattern) {
    // What is before the first name with a wildcard must be there, as for BIRD.
    const fixed = pattern.slice(0, pattern.search(/[?*[]/));
    try {
      readdirSync(directoryOf(fixed));
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    }
    return globSync(pattern)
      .filter((path) => !isDirectory(path))
      .sort();
  },
};

/** Name and addresses of this host; asked anew at each reload. */
export function hostFacts(): HostFacts {
  const interfaces = Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).flatMap(({ address }) => {
      const parsed = parseIp(address);
      return parsed ? [{ name, address: parsed }] : [];
    }),
  );
  return { hostname: hostname(), interfaces };
}
