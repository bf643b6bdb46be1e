/** The dashboard's connections, to a daemon that behaves and to ones that do not. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeDaemon, prefixOf } from '../cli/test-support.ts';
import { showRoutes } from '../dashboard/keys.ts';
import { Dashboard } from '../dashboard/model.ts';
import { ControlLink } from './control-link.ts';
import { openControlSocket, type ControlSocket } from './control-socket.ts';
import { DashboardPoller } from './dashboard-poller.ts';
import { printDashboard } from './dashboard.ts';

const GREETING = '0001 BIRD 2.0.12 ready.\n';
let folder: string;
let path: string;
const open: { close(): unknown }[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'catbird-top-'));
  path = join(folder, 'bird.ctl');
});
afterEach(() => {
  for (const server of open.splice(0)) server.close();
  rmSync(folder, { recursive: true });
});

async function daemon(view = new FakeDaemon()): Promise<ControlSocket> {
  const socket = await openControlSocket(path, view);
  open.push(socket);
  return socket;
}

/** Something that is no daemon: `says` writes to whoever connects. */
async function impostor(says: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    says(socket);
  });
  open.push(server);
  await new Promise<void>((done) => server.listen(path, done));
  return server;
}

const settings = (): Parameters<typeof printDashboard>[0] => ({
  socket: path,
  restricted: false,
  intervalMs: 20,
  colour: false,
  unicode: false,
  view: 'sessions',
});

describe('a link', () => {
  it('answers in turn and hands over lines that come by themselves', async () => {
    await daemon();
    const notices: string[] = [];
    const link = await ControlLink.open(path, (text) => notices.push(text));
    const answers = await Promise.all(['show status', 'echo all', 'nonsense'].map((text) => link.ask(text)));
    expect(answers.map((lines) => lines.at(-1)!.code)).toEqual([13, 0, 9001]);
    expect(notices).toEqual(['a log line']);
    link.close();
    await expect(link.ask('show status')).rejects.toThrow(/closed/);
  });

  it.each<[string, (socket: Socket) => void, RegExp]>([
    [
      'speaks another protocol',
      (socket) => socket.write('HTTP/1.1 400 Bad Request\n'),
      /not the control socket/,
    ],
    [
      'never ends its line',
      (socket) => socket.write(`0001 ${'x'.repeat(2_000_000)}`),
      /not the control socket/,
    ],
    ['hangs up', (socket) => socket.destroy(), /the daemon closed the connection/],
  ])('fails in words with what %s', async (_name, says, text) => {
    await impostor(says);
    await expect(ControlLink.open(path)).rejects.toThrow(text);
  });

  it('fails in words where there is none', async () => {
    await expect(ControlLink.open(path)).rejects.toThrow(/bird\.ctl: there is no such socket$/);
  });

  it('survives a daemon that ends in the middle of an answer', async () => {
    await impostor((socket) => {
      socket.write(GREETING);
      socket.once('data', () => socket.end('1000-BIRD 2.0.12\n1011-Router ID is 192.0.2.1\n'));
    });
    await expect(printDashboard(settings(), 80)).rejects.toThrow(/the daemon closed the connection/);
  });
});

/** Resolves when the condition holds. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((next) => setTimeout(next, 10));
}

describe('the dashboard', () => {
  it('prints one frame', async () => {
    await daemon();
    const text = await printDashboard(settings(), 80);
    expect(
      text
        .split('\n')
        .slice(0, 6)
        .map((line) => line.slice(0, 60).trimEnd()),
    ).toEqual([
      ' catbird top  rr1 192.0.2.1             Catbird as BIRD 2.0.',
      ' 1 of 2 established, 1 not  in 3 (-/s)                out 2',
      '',
      ' Namev          State          For      In     Out  In/s Out',
      ' Mesh_10_0_0_2  Active          1s   Socket: Connection refu',
      ' node1          Established     1s       3       2     -',
    ]);
  });

  it('connects again when the daemon comes back, and tells of both', async () => {
    const first = await daemon();
    const board = new Dashboard(settings());
    const poller = new DashboardPoller(board, 20, () => undefined);
    const done = poller.run();
    await until(() => board.sessions.length === 4);
    first.close();
    await until(() => board.connection.state === 'lost');
    await daemon();
    await until(() => board.connection.state === 'up');
    poller.stop();
    await done;
    const own = board.log.filter((line) => line.own).map(({ text }) => text);
    expect(own).toEqual([expect.stringContaining('the connection is lost'), 'connected again']);
    expect(board.log.some((line) => !line.own && line.text === 'a log line')).toBe(true);
  });

  it('sends commands, and shows what came of them', async () => {
    const view = new FakeDaemon();
    await daemon(view);
    const board = new Dashboard(settings());
    const poller = new DashboardPoller(board, 60_000, () => undefined);
    const done = poller.run();
    await until(() => board.sessions.length === 4);
    poller.perform({ type: 'command', command: 'restart node1' });
    await until(() => board.message !== undefined);
    expect(board.message).toEqual({ text: 'node1: restarted', bad: false });
    expect(view.log).toContain('restart node1');
    poller.perform({ type: 'command', command: 'restart nobody' });
    await until(() => board.message?.bad === true);
    expect(board.message!.text).toContain('nobody');
    poller.stop();
    await done;
  });

  it('is restricted where that was asked for', async () => {
    const view = new FakeDaemon();
    await daemon(view);
    const board = new Dashboard({ ...settings(), restricted: true });
    const poller = new DashboardPoller(board, 60_000, () => undefined);
    await poller.connect();
    poller.perform({ type: 'command', command: 'restart node1' });
    await until(() => board.message !== undefined);
    expect([board.message!.text, view.log.includes('restart node1')]).toEqual(['Access denied', false]);
    poller.stop();
  });

  it('reads no further in a long answer than somebody looks, and holds a part of it only', async () => {
    function* prefixes(): Iterable<ReturnType<typeof prefixOf>> {
      for (let i = 0; i < 200_000; i++) yield prefixOf(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`);
    }
    const view = new FakeDaemon(prefixes());
    await daemon(view);
    const board = new Dashboard(settings());
    const poller = new DashboardPoller(board, 60_000, () => undefined);
    const done = poller.run();
    const effect = showRoutes(board, '');
    if (effect.type === 'routes') poller.perform(effect);
    await until(() => board.routes!.routes.length >= 500);
    const { walked } = view;
    // Time for all of it to come, if it came.
    await new Promise((next) => setTimeout(next, 300));
    expect(view.walked).toBeLessThan(walked + 20_000);
    expect(board.routes!.seen).toBeLessThan(5000);
    for (let i = 0; i < 20; i++) {
      const { seen } = board.routes!;
      board.routeList.select(board.routes!.routes.length - 1, board.routes!.routes.length, 10);
      poller.wantRoutes();
      await until(() => board.routes!.seen > seen);
    }
    expect(board.routes!.routes.length).toBeLessThanOrEqual(2000);
    expect(board.routes!.dropped).toBeGreaterThan(1000);
    expect(board.routes!.routes[board.routeList.selected]).toBeDefined();
    poller.stop();
    await done;
  });
});
