/** The namespaces in which a storm happens: whatever becomes of it, nothing of it outlives them. */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { etcdMissing } from '../../src/confd/io/etcd-test-support.ts';

/** What a storm needs and does not find here; undefined where it can be made. */
export function stormMissing(): string | undefined {
  if (process.getuid!() !== 0) return 'needs root, for network namespaces';
  try {
    execFileSync('unshare', ['--net', 'ip', 'link', 'add', 'name', 'probe', 'type', 'bridge'], {
      stdio: 'ignore',
    });
  } catch {
    return 'needs network namespaces with bridges';
  }
  return etcdMissing();
}

/**
 * Runs a storm in namespaces of its own. Resolves with the exit code.
 * @param take is given the output; without it, it is that of this process
 */
export async function inNamespaces(args: readonly string[], take?: (text: string) => void): Promise<number> {
  const own = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const program = [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    join(import.meta.dirname, 'run.ts'),
  ];
  const output = take ? 'pipe' : 'inherit';
  const child = spawn('unshare', [...own, ...program, ...args], { stdio: ['ignore', output, output] });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (text: Buffer) => take?.(text.toString()));
  return await new Promise((settle, fail) => {
    child.on('error', fail);
    child.on('close', (code) => {
      settle(code ?? 1);
    });
  });
}
