import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { DEFAULT_DIALECT } from '../cli/dialect.ts';
import { FakeDaemon } from '../cli/test-support.ts';
import { ControlSockets } from './control-sockets.ts';

let directory: string;
let sockets: ControlSockets;
let reports: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'catbird-ctls-'));
  reports = [];
  sockets = new ControlSockets(new FakeDaemon(), (text) => reports.push(text));
});
afterEach(() => {
  sockets.close();
  rmSync(directory, { recursive: true });
});

/** The first line of the answer to one command. */
function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', reject);
    socket.on('data', (piece: string) => {
      text += piece;
      const lines = text.split('\n');
      if (lines.length < 3) return;
      socket.destroy();
      resolve(lines[1]!);
    });
    socket.write(`${command}\n`);
  });
}

const at = (name: string): string => join(directory, name);

it('each speak their own dialect at once', async () => {
  await sockets.open({ path: at('bird.ctl'), dialect: { ...DEFAULT_DIALECT, version: 1, family: 0 } });
  await sockets.open({ path: at('main.ctl'), dialect: DEFAULT_DIALECT });
  expect(await ask(at('bird.ctl'), 'show protocols')).toBe(
    '2002-name     proto    table    state  since       info',
  );
  expect(await ask(at('main.ctl'), 'show protocols')).toContain('2002-Name       Proto');
});

it('of the configuration come and go with it', async () => {
  const looking = { path: at('lg.ctl'), restrict: true, v2Attributes: true };
  await sockets.configure([looking]);
  expect(await ask(at('lg.ctl'), 'down')).toBe('8007 Access denied');
  await sockets.configure([{ ...looking, restrict: false }]);
  expect(await ask(at('lg.ctl'), 'disable node1')).toBe('0009-node1: disabled');
  await sockets.configure([]);
  expect(existsSync(at('lg.ctl'))).toBe(false);
  expect(reports).toEqual([]);
});

it('that cannot be are told, and the others work', async () => {
  await sockets.open({ path: at('main.ctl'), dialect: DEFAULT_DIALECT });
  const options = { restrict: false, v2Attributes: true };
  await sockets.configure([
    { path: at('main.ctl'), ...options },
    { path: '/proc/none/x.ctl', ...options },
    { path: at('good.ctl'), ...options },
  ]);
  expect(await ask(at('good.ctl'), 'eval 1')).toBe('0023 1');
  expect(reports[0]).toContain('the command line has this control socket already');
  expect(reports).toHaveLength(2);
});
