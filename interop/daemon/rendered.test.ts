/** `catbird reflector` as a program that renders its configuration from a tree of files. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ControlLink } from '../../src/birdcl-compat/io/control-link.ts';
import { freePort } from './process.ts';
import { Run } from './run.ts';

const MAIN = resolve(import.meta.dirname, '../../src/main.ts');

const hasBirdc = spawnSync('birdc', ['--version']).error === undefined;

let folder: string;
let port: number;
const running: Run[] = [];

beforeEach(async () => {
  port = await freePort();
  folder = mkdtempSync(join(tmpdir(), 'catbird-rendered-'));
  for (const part of ['conf.d', 'templates', 'keys/app/peers'])
    mkdirSync(join(folder, part), { recursive: true });
  put(
    'conf.d/bird.toml',
    `[template]\nsrc = "bird"\ndest = "${join(folder, 'out/bird.cfg')}"\nkeys = ["/app"]\n`,
  );
  put(
    'templates/bird',
    `router id {{getv "/app/id"}};
{{range gets "/app/peers/*"}}protocol bgp {{base .Key}} {
  local 127.0.0.1 port ${port} as 65000; strict bind; multihop; passive; neighbor {{.Value}} as 65000; ipv4;
}
{{end}}`,
  );
  put('keys/app/id', '1.1.1.1\n');
  put('keys/app/peers/a', '127.0.0.2\n');
});

afterEach(async () => {
  for (const run of running.splice(0)) await run.end('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

const put = (path: string, text: string): void => {
  writeFileSync(join(folder, path), text);
};

function start(...more: string[]): Run {
  const run = new Run(folder, ['--confdir', '.', '--file', 'keys', '--state', 'state', ...more]);
  running.push(run);
  return run;
}

test('a file that changes changes sessions, and the last good configuration outlives store and process', async () => {
  const run = start('--write');
  await run.logged('started with');
  put('keys/app/peers/b', '127.0.0.3\n');
  await run.logged('Adding protocol b');
  expect(await run.ask('show protocols')).toMatch(/^a .*Passive\s*\nb .*Passive/m);
  put('keys/app/peers/c', 'nonsense\n');
  await run.logged('is refused');
  expect(await run.ask('show status')).toMatch(/Rendering refused since .*\/app\/peers\/c/);
  rmSync(join(folder, 'keys/app/peers/a'));
  rmSync(join(folder, 'keys/app/peers/c'));
  await run.logged('Removing protocol a');
  expect(await run.ask('configure')).toContain('Reconfigured');
  expect(await run.end('SIGTERM')).toBe(0);
  expect(statSync(join(folder, 'state/last-good.json')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'out/bird.cfg')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'out/bird.cfg'), 'utf8')).toContain('protocol bgp b');

  rmSync(join(folder, 'keys'), { recursive: true });
  const again = start();
  await again.logged('Starting with the last good configuration');
  await again.logged('started with');
  expect(await again.ask('show status')).toMatch(
    /the last good one, kept from.*\n.*Keys cannot be read since/,
  );
  expect(await again.ask('show protocols')).toMatch(/^b /m);
  for (const key of ['peers/b', 'peers/d']) {
    mkdirSync(join(folder, 'keys/app/peers'), { recursive: true });
    put(`keys/app/${key}`, `127.0.0.${key.endsWith('b') ? 3 : 5}\n`);
  }
  put('keys/app/id', '1.1.1.1\n');
  await again.logged('Adding protocol d');
  expect(again.log).not.toContain('protocol b"');
  expect(await again.end('SIGTERM')).toBe(0);
});

test('protocols and refusals say which line of a template and which key they come from', async () => {
  const run = start();
  await run.logged('started with');
  const deadline = Date.now() + 20_000;
  while (!(await run.ask('show protocols all')).includes('Rendered by:')) {
    if (Date.now() > deadline) throw new Error(`no origins came:\n${run.log}`);
    await new Promise((next) => setTimeout(next, 50));
  }
  expect(await run.ask('show protocols all')).toMatch(
    /Rendered by: +bird:2 from \/app\/peers\/a \(revision \d+\)/,
  );
  put('keys/app/peers/c', 'nonsense\n');
  await run.logged('bird.cfg:6 is rendered by bird:3 from /app/peers/c (revision ');
  rmSync(join(folder, 'keys/app/peers/c'));
  rmSync(join(folder, 'keys/app/id'));
  await run.logged('key does not exist: /app/id has to do with /app/id (not there)');
  expect(await run.end('SIGTERM')).toBe(0);
});

/** The answer that a program prints, and its exit status: of birdc where it is here, else of our own client. */
async function client(command: string): Promise<{ text: string; code: number | null }> {
  const [program, ...args] = hasBirdc ? ['birdc'] : [process.execPath, MAIN, 'cl'];
  const child = spawn(program!, [...args, '-s', join(folder, 'catbird.ctl'), ...command.split(' ')]);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return await new Promise((settle) => child.once('close', (code) => settle({ text, code })));
}

test('without anything to start with it waits, says so on its control socket too, and can be ended', async () => {
  rmSync(join(folder, 'keys/app/id'));
  const run = start('-s', 'catbird.ctl', '-s', 'lg.ctl:restrict');
  await run.logged("answers 'show status'");
  expect(run.log).toContain('key does not exist: /app/id');
  const status = (await client('show status')).text;
  expect(status).toMatch(/Waiting for a good configuration from .*keys/);
  expect(status).toMatch(/Rendering refused since .*key does not exist: \/app\/id/);
  expect(status).toContain('There is no configuration yet');
  const protocols = await client('show protocols');
  expect(protocols.text).toContain('There is no configuration yet: waiting for a good one from ');
  expect(protocols.code).toBe(1);
  expect((await client('configure')).text).toContain('key does not exist: /app/id');
  const early = await ControlLink.open(join(folder, 'catbird.ctl'));
  const other = start('--state', 'other');
  expect(await other.code).toBe(1);
  expect(other.log).toContain('catbird.ctl is in use by another process');
  put('keys/app/id', '1.1.1.1\n');
  await run.logged('started with');
  // A connection from before goes on.
  expect((await early.ask('show protocols')).map(({ text }) => text).join('\n')).toMatch(/^a +BGP/m);
  early.close();
  expect((await client('show protocols')).code).toBe(0);
  expect(await run.end('SIGTERM')).toBe(0);
  expect(existsSync(join(folder, 'catbird.ctl'))).toBe(false);
  // Ended early, it may not have been kept yet.
  rmSync(join(folder, 'state'), { recursive: true, force: true });
  rmSync(join(folder, 'keys/app/id'));
  const ended = start();
  await ended.logged("answers 'show status'");
  // SIGHUP is 'configure', and ends nobody.
  ended.child.kill('SIGHUP');
  await ended.logged('Reconfiguration requested by SIGHUP');
  expect((await client('down')).text).toContain('Shutdown requested');
  expect(await ended.code).toBe(0);
  expect(existsSync(join(folder, 'catbird.ctl'))).toBe(false);
});

test('with --write, commands of files that are not its own run, and hold up nothing', async () => {
  const side = (commands: string): void => {
    put(
      'conf.d/side.toml',
      `[template]\nsrc = "side"\ndest = "${join(folder, 'out/side')}"\nkeys = ["/app"]\n${commands}`,
    );
  };
  const reloads = join(folder, 'reloads');
  put('templates/side', '{{getv "/app/id"}} {{len (gets "/app/peers/*")}}\n');
  put('templates/part', '# {{getv "/app/id"}}\n');
  put(
    'templates/bird',
    `include "${join(folder, 'out/part')}";\n${readFileSync(join(folder, 'templates/bird'), 'utf8')}`,
  );
  for (const name of ['bird', 'part'])
    put(
      `conf.d/${name}.toml`,
      `[template]\nsrc = "${name}"\ndest = "${join(folder, `out/${name}${name === 'bird' ? '.cfg' : ''}`)}"\nkeys = ["/app"]\n` +
        `check_cmd = "false"\nreload_cmd = "echo own >> ${reloads}"\n`,
    );
  side(
    `check_cmd = "grep -q 1.1.1.1 {{.src}}"\nreload_cmd = "cat ${join(folder, 'out/side')} >> ${reloads}; sleep 1000"\n`,
  );
  const run = start('--write');
  await run.logged('started with');
  while (!existsSync(reloads)) await new Promise((next) => setTimeout(next, 20));
  // The command sleeps.
  put('keys/app/peers/b', '127.0.0.3\n');
  await run.logged('Adding protocol b');
  put('keys/app/id', '2.2.2.2\n');
  await run.logged('Reconfiguring to revision 3');
  expect(readFileSync(reloads, 'utf8')).toBe('1.1.1.1 1\n');
  expect(await run.end('SIGTERM')).toBe(0);
  const [, sleeper] = /^(\d+)$/m.exec(spawnSync('pgrep', ['-f', reloads], { encoding: 'utf8' }).stdout) ?? [];
  if (sleeper !== undefined) process.kill(-Number(sleeper), 'SIGKILL');

  side(
    `check_cmd = "grep -q 1.1.1.1 {{.src}}"\nreload_cmd = "cat ${join(folder, 'out/side')} >> ${reloads}"\n`,
  );
  const again = start('--write');
  await again.logged('out/side cannot be written: Config check failed: exit status 1');
  expect(readFileSync(join(folder, 'out/bird.cfg'), 'utf8')).toContain('router id 2.2.2.2');
  put('keys/app/id', '1.1.1.1\n');
  await again.logged('out/side has changed, its reload_cmd has run');
  expect(readFileSync(reloads, 'utf8')).toBe('1.1.1.1 1\n1.1.1.1 2\n');
  expect(await again.end('SIGTERM')).toBe(0);

  const without = start();
  await without.logged(
    `side.toml: ${join(folder, 'out/side')} and its commands are for others than the daemon`,
  );
  expect(without.log).not.toContain('bird.toml: ');
  expect(await without.end('SIGTERM')).toBe(0);
});

test.each([
  [['-c', 'x.conf'], 'not both'],
  [['--backend', 'nope'], "there is no backend 'nope'"],
  [['--confdir', 'none'], 'there is no such folder of template resources'],
])('%j is refused', async (more, why) => {
  const run = start(...more);
  expect(await run.code).toBe(1);
  expect(run.log).toContain(why);
});
