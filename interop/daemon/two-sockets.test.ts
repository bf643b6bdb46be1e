/** A node's pair of files of BIRD 1.6 on a pair of sockets, and the sockets that a configuration opens. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlClient } from '../control-client.ts';
import { freePort } from './process.ts';

const BIN = resolve(import.meta.dirname, '../../bin/catbird');

let folder: string;
let child: ChildProcess | undefined;
let errors = '';
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-sockets-'));
});
afterEach(async () => {
  if (child && child.exitCode === null) {
    const ended = new Promise((done) => child!.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

async function start(...args: string[]): Promise<void> {
  errors = '';
  child = spawn(BIN, ['reflector', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.stderr!.on('data', (text: Buffer) => (errors += text.toString()));
  for (let tries = 0; tries < 400 && !errors.includes('started with'); tries++) {
    if (child.exitCode !== null) throw new Error(errors);
    await new Promise((next) => setTimeout(next, 50));
  }
}

async function ask(socket: string, command: string): Promise<string> {
  const client = await ControlClient.connect(at(socket));
  const answer = await client.ask(command);
  client.close();
  return answer;
}

const names = (answer: string): string[] =>
  answer.split('\n').flatMap((line) => /^(?:1002-| )(\S+)/.exec(line)?.[1] ?? []);

test('bird.cfg and bird6.cfg on bird.ctl and bird6.ctl are the two daemons of BIRD 1.6', async () => {
  const port = await freePort();
  writeFileSync(
    at('bird.cfg'),
    `router id 10.0.0.1;
listen bgp port ${port};
protocol device { }
protocol static anchors { route 10.9.0.0/16 blackhole; }
protocol bgp Mesh_10_0_0_2 { local as 65000; neighbor 10.0.0.2 as 65000; passive; import all; export all; }
`,
  );
  writeFileSync(
    at('bird6.cfg'),
    `router id 10.0.0.1;
listen bgp port ${port};
protocol device { }
protocol static anchors6 { route 2001:db8::/32 blackhole; }
protocol bgp Mesh_2001_db8__2 { local as 65000; neighbor 2001:db8::2 as 65000; passive; import all; export all; }
`,
  );
  await start('-c', at('bird.cfg'), '-c', at('bird6.cfg'), '-s', at('bird.ctl'), '-s', at('bird6.ctl'));
  expect(statSync(at('bird6.ctl')).mode & 0o777).toBe(0o660);
  const [four, six] = [await ask('bird.ctl', 'show protocols'), await ask('bird6.ctl', 'show protocols')];
  expect(four).toMatch(/^2002-name {5}proto {4}table {4}state {2}since {7}info\n/);
  expect(names(four)).toEqual(['device1', 'anchors', 'Mesh_10_0_0_2']);
  expect(names(six)).toEqual(['device1_2', 'anchors6', 'Mesh_2001_db8__2']);
  expect(await ask('bird.ctl', 'show route')).toMatch(
    /^1007-10\.9\.0\.0\/16 {8}blackhole \[anchors \S+\] \* \(200\)\n0000 \n$/,
  );
  expect(await ask('bird6.ctl', 'show route count')).toBe('0014 1 of 1 routes for 1 networks\n');
});

test("sockets of 'cli' follow the configuration", async () => {
  const port = await freePort();
  const text = (cli: string): string => `router id 10.0.0.1;
${cli}
protocol bgp a { local 127.0.0.1 port ${port} as 65000; neighbor 127.0.0.2 as 65000; passive; ipv4 { import all; export all; }; }
`;
  const lookingGlass = `cli "${at('lg.ctl')}" { restrict; v2 attributes no; };`;
  writeFileSync(at('bird.conf'), text(lookingGlass));
  await start('-c', at('bird.conf'), '-s', `${at('main.ctl')}:bird3`);
  expect(await ask('lg.ctl', 'disable a')).toBe('8007 Access denied\n');
  expect(await ask('main.ctl', 'show status')).toContain('1000-BIRD 3.3.2\n');
  writeFileSync(at('bird.conf'), text(''));
  expect(await ask('main.ctl', 'configure')).toContain('0003 Reconfigured');
  for (let tries = 0; tries < 100 && existsSync(at('lg.ctl')); tries++)
    await new Promise((next) => setTimeout(next, 20));
  expect(existsSync(at('lg.ctl'))).toBe(false);
  writeFileSync(at('bird.conf'), text(`cli "${at('new.ctl')}";`));
  await ask('main.ctl', 'configure');
  for (let tries = 0; tries < 100 && !existsSync(at('new.ctl')); tries++)
    await new Promise((next) => setTimeout(next, 20));
  expect(await ask('new.ctl', 'show protocols')).toContain('2002-Name ');
});
