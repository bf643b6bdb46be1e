/** The control socket as its clients see it: plain connections, and BIRD's own birdc and birdcl. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon } from '../cli/test-support.ts';
import { openControlSocket } from './control-socket.ts';
import type { ControlSocket } from './control-socket.ts';

let directory: string;
let path: string;
let daemon: FakeDaemon;
let control: ControlSocket | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'catbird-ctl-'));
  path = join(directory, 'run', 'bird.ctl');
  daemon = new FakeDaemon();
});
afterEach(() => {
  control?.close();
  control = undefined;
  rmSync(directory, { recursive: true });
});

function talk(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (/^(0013|9001) .*\n/m.test(text)) socket.end();
    });
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
    socket.write(request);
  });
}

describe('the socket file', () => {
  it('is made with its folder, for owner and group alone, and goes at the end', async () => {
    control = await openControlSocket(path, daemon);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await talk('show status\n')).toContain('0013 Daemon is up and running\n');
    control.close();
    expect(existsSync(path)).toBe(false);
  });

  it('replaces one that a dead process left', async () => {
    // A socket whose process died: the file stays, nobody listens.
    path = join(directory, 'bird.ctl');
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(existsSync(path)).toBe(true);
    control = await openControlSocket(path, daemon);
    expect(await talk('show status\n')).toContain('0013 ');
  });

  it('is not taken from a process that lives', async () => {
    control = await openControlSocket(path, daemon);
    await expect(openControlSocket(path, daemon)).rejects.toThrow(`${path} is in use by another process`);
    expect(await talk('show status\n')).toContain('0013 ');
  });

  it('does not replace what is no socket', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, 'precious');
    await expect(openControlSocket(file, daemon)).rejects.toThrow(`${file} exists and is not a socket`);
  });

  it('closes with clients connected', async () => {
    control = await openControlSocket(path, daemon);
    const socket = createConnection(path);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.once('data', resolve));
    control.close();
    await closed;
  });
});

/** Output and exit status of a program, its standard input closed. */
function run(program: string, args: string[], input = ''): Promise<{ out: string; status: number | null }> {
  return new Promise((resolve) => {
    const child = spawn(program, args);
    let out = '';
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
    child.on('close', (status) => resolve({ out, status }));
    child.stdin.end(input);
  });
}

for (const program of ['birdc', 'birdcl']) {
  const installed = spawnSync(program, ['--version']).error === undefined;
  describe.skipIf(!installed)(`stock ${program} (skipped where it is not installed)`, () => {
    beforeEach(async () => {
      control = await openControlSocket(path, daemon);
    });

    it.each([
      ['show status', 0, 'BIRD 2.0.12\nRouter ID is 192.0.2.1\nHostname is rr1\n'],
      ['sh prot', 0, 'Name       Proto      Table      State  Since         Info\n'],
      ['show route for 10.65.1.1 protocol node1', 0, 'Table master4:\n10.65.0.0/16'],
      ['show route count table master4', 0, '6 of 6 routes for 3 networks in table master4\n'],
      [
        'configure check',
        0,
        'Reading configuration from /etc/bird.conf\nnode1 restarts (hold time)\nConfiguration OK\n',
      ],
      ['show protocols nobody', 1, "syntax error, unexpected 'nobody', expecting a protocol\n"],
      ['show route 10.99.0.0/16', 1, 'Network not found\n'],
    ])('%s', async (request, status, text) => {
      const result = await run(program, ['-s', path, ...request.split(' ')]);
      expect(result.out).toContain(`BIRD 2.0.12 ready.\n${text}`);
      expect(result.status).toBe(status);
    });

    it('is restricted by -r and shows codes by -v', async () => {
      expect((await run(program, ['-s', path, '-r', 'disable', 'node1'])).out).toContain('Access denied');
      const verbose = await run(program, ['-s', path, '-v', 'show', 'status']);
      expect(verbose.out).toContain('1000-BIRD 2.0.12\n1011-Router ID is 192.0.2.1\n     Hostname is rr1\n');
    });
  });
}

const birdcl = spawnSync('birdcl', ['--version']).error === undefined;
describe.skipIf(!birdcl)('a long answer through stock birdcl (skipped where it is not installed)', () => {
  it('arrives whole', async () => {
    const prefixes = Array.from({ length: 20_000 }, (_, i) => ({
      ip: { version: 4 as const, words: [(10 << 24) + (i << 8)] },
      length: 24,
    }));
    control = await openControlSocket(path, new FakeDaemon(prefixes));
    const { out } = await run('birdcl', ['-s', path, 'show', 'route', 'all', 'table', 'master4']);
    expect(out.match(/ unicast \[node1/g)).toHaveLength(20_000);
    expect(out.match(/BGP\.community: \(1,2\)/g)).toHaveLength(40_000);
  });
});

describe('a server that is no BIRD', () => {
  it('is found to be alive', async () => {
    const server = createServer();
    const other = join(directory, 'other.ctl');
    await new Promise<void>((resolve) => server.listen(other, resolve));
    await expect(openControlSocket(other, daemon)).rejects.toThrow('in use');
    server.close();
  });
});
