/** Containers of the lab: one image, podman's bridge network, files handed in through a folder. */
import { execFile } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The lab's image; undefined where `interop/lab/prepare.sh` could not make it, and then all cases are skipped. */
export const LAB_IMAGE: string | undefined =
  process.env['CATBIRD_LAB'] === '' ? undefined : process.env['CATBIRD_LAB'];

/** Nested limits of some machines do not let podman raise its own. */
const RUN_OPTIONS = ['--runtime', 'runc', '--ulimit', 'nofile=1024:4096', '--ulimit', 'nproc=4096:4096'];
/** Where the folder with the container's files is inside. */
export const FOLDER = '/lab';

export async function podman(...args: string[]): Promise<string> {
  const { stdout } = await run('podman', args, { maxBuffer: 64 * 1024 * 1024 });
  return stdout;
}

/** podman's bridge on the host, there once a container has run. */
function bridge(): { readonly device: string; readonly address: string } {
  for (const [device, addresses] of Object.entries(networkInterfaces())) {
    const found = addresses?.find(({ family }) => family === 'IPv4');
    if (found && /^(cni-)?podman\d/.test(device)) return { device, address: found.address };
  }
  throw new Error('podman made no bridge');
}

/** The host's address on the bridge. */
export function bridgeAddress(): string {
  return bridge().address;
}

/** The host's IPv6 address on the bridge, which podman itself gives none. */
const BRIDGE_IPV6 = '2001:db8:88::ffff';

/** Gives the host an IPv6 address on the bridge, and returns it. It goes with the bridge. */
export async function addBridgeIpv6(): Promise<string> {
  const { device } = bridge();
  await run('sysctl', ['-qw', `net.ipv6.conf.${device}.disable_ipv6=0`]);
  await run('ip', ['-6', 'address', 'replace', `${BRIDGE_IPV6}/64`, 'dev', device, 'nodad']);
  return BRIDGE_IPV6;
}

export class Container {
  readonly name: string;
  readonly address: string;
  readonly #folder: string;

  private constructor(name: string, address: string, folder: string) {
    this.name = name;
    this.address = address;
    this.#folder = folder;
  }

  /**
   * Starts an idle container on the bridge; daemons are run in it by `exec`.
   * @param name a name for people; made unique
   */
  static async start(name: string): Promise<Container> {
    const unique = `catbird-${process.pid}-${name}`;
    const folder = mkdtempSync(join(tmpdir(), `${unique}-`));
    const volume = `${folder}:${FOLDER}`;
    await podman(
      'run',
      '-d',
      '--rm',
      '--name',
      unique,
      ...RUN_OPTIONS,
      '--cap-add',
      'NET_ADMIN',
      '--cap-add',
      'SYS_ADMIN',
      '-v',
      volume,
      LAB_IMAGE!,
      'sleep',
      '3600',
    );
    const address = (await podman('inspect', '-f', '{{.NetworkSettings.IPAddress}}', unique)).trim();
    return new Container(unique, address, folder);
  }

  /** Gives the container an IPv6 address on the bridge, and returns it. */
  async addIpv6(): Promise<string> {
    const address = `2001:db8:88::${this.address.split('.').at(-1)!}`;
    await this.exec(
      `sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; ip -6 address replace ${address}/64 dev eth0 nodad`,
    );
    return address;
  }

  /** Writes a file that the container sees at `/lab/<name>`, readable by its owner alone: OpenBGPD insists. */
  write(name: string, text: string): void {
    writeFileSync(this.path(name), text, { mode: 0o600 });
  }

  /** Where the host finds what the container has at `/lab/<name>`; sockets work on both sides. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  has(name: string): boolean {
    return existsSync(this.path(name));
  }

  remove(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  /** Adds to a file that the container sees at `/lab/<name>`. */
  append(name: string, text: string): void {
    appendFileSync(this.path(name), text);
  }

  /** The text of `/lab/<name>`; empty where there is none. */
  read(name: string): string {
    const path = this.path(name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Runs a shell command to its end and returns what it printed. Rejects where it fails, with its output. */
  async exec(command: string): Promise<string> {
    return await podman('exec', this.name, 'sh', '-c', command);
  }

  /** Starts a command that goes on running until `kill`; its output goes to `/lab/<name>.log`. */
  async spawn(name: string, command: string): Promise<void> {
    const script = `echo $$ >${FOLDER}/${name}.pid; exec ${command} >>${FOLDER}/${name}.log 2>&1`;
    await podman('exec', '-d', this.name, 'sh', '-c', script);
  }

  /**
   * Kills what `spawn` started under this name, without a chance to say goodbye, and waits until it is gone: a daemon
   * that is started anew would still find the old one's socket answered. Rejects where it stays.
   */
  async kill(name: string): Promise<void> {
    await this.exec(`pid=$(cat ${FOLDER}/${name}.pid); kill -9 $pid; i=0
      while [ -d /proc/$pid ] && ! grep -q '^State:.Z' /proc/$pid/status; do
        i=$((i + 1)); [ $i -lt 200 ] || exit 1; sleep 0.05
      done`);
  }

  async stop(): Promise<void> {
    await podman('rm', '-f', '-t', '0', this.name).catch(() => '');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
