/** Screens as text, from answers of a daemon and keys. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_DIALECT } from '../cli/dialect.ts';
import { RouteReader } from './parse-routes.ts';
import { answerLines, board, feed, manySessions, press, screen, STATUS, TIME } from './test-support.ts';
import { ansi, lineLength, plainText } from './text.ts';
import { HELP } from './view-help.ts';
import { printed, render } from './view.ts';
import type { Dashboard } from './model.ts';

function thousand(): Dashboard {
  const made = board();
  made.takeStatus(answerLines(STATUS));
  made.takeProtocols(answerLines(manySessions(1000)), 0, TIME);
  made.takeGroups(undefined);
  return made;
}

const ROUTES = `1007-Table master4:
 10.1.0.0/16          unicast [node1 10:00:00.000 from 10.0.0.9] * (100/5) [AS65001i]
 \tvia 10.0.0.1 on eth0
1008-\tType: BGP univ
1012-\tBGP.origin: IGP
 \tBGP.as_path: 65002 65001
 \tBGP.next_hop: 10.0.0.1
 \tBGP.local_pref: 100
 \tBGP.community: (65000,1) (65000,2)
 \t\t(65000,3)
1007-                     blackhole [anchors 10:00:00.000] (50)
1008-\tType: static univ
0000 
`;

function withRoutes(): Dashboard {
  const made = feed(board());
  press(made, '3');
  const reader = new RouteReader();
  for (const line of answerLines(ROUTES)) {
    const route = reader.take(line);
    if (route) made.takeRoute(route);
  }
  made.routes!.complete = true;
  return made;
}

describe('sessions', () => {
  it('are a table with what is known of all above it', () => {
    expect(screen(feed(board()))).toEqual([
      ' catbird top  rr1 192.0.2.1             Catbird as BIRD 2.0.12  up 1s  03:04:06',
      ' 1 of 2 established, 1 not  in 3 (-/s)                out 2 (-/s)',
      ' [1 Sessions] 2 Groups  3 Routes  4 Log                              2 sessions',
      ' Namev          State          For      In     Out  In/s Out/s   Lag Activity',
      '>Mesh_10_0_0_2  Active          1s   Socket: Connection refused',
      ' node1          Established     1s       3       2     -     -     0',
      ...Array<string>(17).fill(''),
      ' ? help   Enter details   < > o sort   / filter   u which   r/x routes   q leave',
    ]);
  });

  it.each([1, 2, 3])('are the same in the dialect of BIRD %i', (version) => {
    const row = (made: Dashboard): string | undefined =>
      // Times have no fractions in BIRD 1.6.
      screen(made)
        .find((text) => text.startsWith(' node1'))
        ?.replace(/[01]s/, '');
    const dialect = { ...DEFAULT_DIALECT, version: version as 1, newNames: version === 3 };
    expect(row(feed(board(), dialect))).toBe(row(feed(board())));
    const [, , node1] = feed(board(), dialect).sessions;
    expect([node1?.neighbour, node1?.neighbourAs, node1?.bgpState]).toEqual([
      '10.0.0.1',
      '64512',
      'Established',
    ]);
    expect(node1?.channels.map(({ received, sent }) => [received, sent])).toEqual([[4, 2]]);
  });

  it('have rates from the second look on, and a bar for each look', () => {
    const made = board({ unicode: true });
    made.takeStatus(answerLines(STATUS));
    for (const [i, received] of [100, 100, 200, 250, 20].entries()) {
      made.takeProtocols(answerLines(manySessions(1, received)), 2000 * i, TIME);
    }
    // The counter of the last one is smaller: the session came up again, and has received 20 since.
    expect(made.sessions[0]!.rates.received.history).toEqual([0, 50, 25, 10]);
    expect(screen(made)[4]).toBe(
      '>node1          Established   1h00       0       0    10     0     -        ▁█▅▂',
    );
  });

  it('do not count what passed while there was no connection', () => {
    const made = board();
    made.takeProtocols(answerLines(manySessions(1, 100)), 0, TIME);
    made.lost('gone', TIME);
    made.connected(TIME);
    made.takeProtocols(answerLines(manySessions(1, 9000)), 2000, TIME);
    made.takeProtocols(answerLines(manySessions(1, 9010)), 4000, TIME);
    expect(made.sessions[0]!.rates.received.history).toEqual([5]);
  });

  it('are sorted by any column, both ways', () => {
    const made = thousand();
    const first = (): string => screen(made)[4]!.slice(1, 10).trim();
    expect(first()).toBe('node1');
    press(made, 'o');
    expect(first()).toBe('node1000');
    // Two columns are not shown at this width, and can be sorted by all the same.
    press(made, ...Array<string>(5).fill('>'));
    expect(screen(made)[3]).toContain('Inv');
    expect(first()).toBe('node1000');
    press(made, 'o');
    expect(screen(made)[3]).toContain('In^');
    expect(first()).toBe('node1');
    press(made, '<', '<', '<', '<', '<', '<');
    expect(screen(made)[3]).toContain('Lagv');
  });

  it('keep the selection on its session when rows move', () => {
    const made = thousand();
    press(made, 'down', 'down', 'down', 'o');
    made.sessionList.selected = made.rows.findIndex(({ name }) => name === 'node7');
    made.takeProtocols(answerLines(manySessions(1001)), 2000, TIME);
    expect(made.rows[made.sessionList.selected]!.name).toBe('node7');
  });

  it('are filtered while somebody types, and shown again', () => {
    const made = thousand();
    press(made, '/', 'n', 'o', 'd', 'e', '9', '9', 'x', 'backspace');
    expect(screen(made)).toContain(' Only sessions with: node99_');
    expect(screen(made)[2]).toMatch(/ 11 sessions, with 'node99'$/);
    expect(press(made, 'return')).toBeUndefined();
    expect(screen(made)[4]).toMatch(/^>node99 /);
    press(made, 'escape');
    expect(screen(made)[2]).toMatch(/ 1000 sessions$/);
    press(made, '/', '?', 'q');
    expect(screen(made)[5]).toBe("  No session matches '?q'. Esc takes the filter away.");
  });

  it('are of four kinds: sessions, established or not, all protocols', () => {
    const made = feed(board());
    const names = (): string[] => made.rows.map(({ name }) => name);
    const seen = [names()];
    for (let i = 0; i < 3; i++) {
      press(made, 'u');
      seen.push(names());
    }
    expect(seen).toEqual([
      ['Mesh_10_0_0_2', 'node1'],
      ['node1'],
      ['Mesh_10_0_0_2'],
      ['anchors', 'device1', 'Mesh_10_0_0_2', 'node1'],
    ]);
  });

  it('scroll by a thousand', () => {
    const made = thousand();
    press(made, 'end');
    expect(
      screen(made)
        .filter((text) => text.includes('Established'))
        .at(-1),
    ).toMatch(/^>node1000 /);
    press(made, 'pageup');
    expect(made.rows[made.sessionList.selected]!.name).toBe('node982');
    press(made, 'home', 'up');
    expect(screen(made)[4]).toMatch(/^>node1 /);
  });

  it('are printed whole', () => {
    const made = thousand();
    made.height = Number.MAX_SAFE_INTEGER;
    made.sessionList.selected = -1;
    const text = plainText(printed(made));
    expect(text.split('\n')).toHaveLength(1005);
    expect(text).toContain('\n node1000       Established   1h00     999    1998     -     -     -\n');
  });

  it('are drawn within the screen, whatever its size', () => {
    const made = feed(board());
    for (const view of ['1', '2', '3', '4', '?']) {
      for (const [width, height] of [
        [80, 24],
        [40, 10],
        [200, 60],
        [39, 9],
        [1, 1],
        [101, 11],
        [121, 30],
      ] as const) {
        press(made, view);
        made.resize(width, height);
        const frame = render(made);
        expect(frame).toHaveLength(height);
        expect(frame.map(lineLength)).toEqual(Array(height).fill(width));
      }
    }
  });

  it('cannot control the terminal with what they are called', () => {
    const made = board();
    made.takeStatus(answerLines(STATUS));
    const text = manySessions(1)
      .replace('node1 ', 'node\x1b[2J')
      .replace('Neighbor AS:', 'Description: \x9b1m你\u{1f600}');
    made.takeProtocols(answerLines(text), 0, TIME);
    made.takeNotice(TIME, 'x');
    expect(ansi(render(made), true).replaceAll(/\x1b\[[\d;]*m/g, '')).not.toMatch(
      /[\x00-\x09\x0b-\x1f\x7f-\x9f]/,
    );
  });
});

describe('the page of a session', () => {
  it('has what matters first, and then all that the daemon says', () => {
    const made = feed(board());
    press(made, 'down', 'return');
    expect(screen(made).slice(3, 14)).toEqual([
      ' node1  Established for 1s   node one',
      ' Neighbour   10.0.0.1, AS 64512',
      ' In                  3 routes        -/s',
      ' Out                 2 routes        -/s',
      ' Group       3 (ipv4, 2 members): current',
      '',
      '   Description:    node one',
      '   BGP state:          Established',
      '     Neighbor address: 10.0.0.1',
      '     Neighbor AS:      64512',
      '     Local AS:         64512',
    ]);
    press(made, 'end');
    expect(screen(made).at(-2)).toBe('     IGP IPv4 table: master4');
    press(made, 'escape');
    expect(made.view).toBe('sessions');
  });

  it.each([
    ['E', 'enable node1'],
    ['D', 'disable node1'],
    ['R', 'restart node1'],
    ['L', 'reload node1'],
    ['I', 'reload in node1'],
    ['O', 'reload out node1'],
  ])('asks before %s does something', (key, command) => {
    const made = feed(board());
    press(made, 'down', 'return', key);
    expect(screen(made).join('\n')).toContain(`|  ${command[0]!.toUpperCase()}${command.slice(1)}?`);
    expect(press(made, 'n')).toBeUndefined();
    expect(made.question).toBeUndefined();
    press(made, key);
    expect(press(made, 'y')).toEqual({ type: 'command', command });
    made.answered(answerLines('0012-node1: restarted\n0000 \n'), TIME);
    expect(screen(made).at(-1)).toBe(' node1: restarted');
    expect(made.message!.bad).toBe(false);
    made.answered(answerLines('8006-node1: reload failed\n0000 \n'), TIME);
    expect(made.message).toEqual({ text: 'node1: reload failed', bad: true });
  });

  it('is reloaded by the word of BIRD 3 there, which tells of lag in its own way', () => {
    const made = board();
    made.takeStatus(answerLines(STATUS.replace('BIRD 2.0.12', 'BIRD 3.3.2')));
    const text = manySessions(1).replace(
      '     Neighbor AS:',
      '     TX pending:       4096 bytes\n     Neighbor AS:',
    );
    made.takeProtocols(answerLines(text), 0, TIME);
    made.takeGroups(undefined);
    expect(screen(made)[4]).toMatch(/ 4\.0kB$/);
    press(made, 'I');
    expect(press(made, 'y')).toEqual({ type: 'command', command: 'reload filters in node1' });
  });

  it('is named in quotes where its name is no plain word', () => {
    const made = board();
    made.takeProtocols(answerLines(manySessions(1).replace('node1     ', 'rack-1.a  ')), 0, TIME);
    press(made, 'R');
    expect(press(made, 'y')).toEqual({ type: 'command', command: "restart 'rack-1.a'" });
    expect(press(made, 'x')).toEqual({ type: 'routes', arguments: "export 'rack-1.a'" });
  });

  it('changes nothing where the session is restricted or lost', () => {
    const restricted = feed(board({ restricted: true }));
    press(restricted, 'R');
    expect([restricted.question, screen(restricted).at(-1)]).toEqual([
      undefined,
      ' this session is restricted (-r): nothing can be changed',
    ]);
    const lost = feed(board());
    lost.lost('gone', TIME);
    press(lost, 'R');
    expect([lost.question, screen(lost).at(-1)]).toEqual([undefined, ' there is no connection']);
  });

  it('leads to its routes, and back', () => {
    const made = feed(board());
    press(made, 'down', 'return');
    expect(press(made, 'r')).toEqual({ type: 'routes', arguments: 'protocol node1' });
    press(made, 'escape');
    expect(made.view).toBe('session');
    expect(press(made, 'x')).toEqual({ type: 'routes', arguments: 'export node1' });
  });
});

describe('update groups', () => {
  it('are listed with their size and the largest lag, and each has its members', () => {
    const made = feed(board());
    press(made, '2');
    expect(screen(made).slice(2, 5)).toEqual([
      '  1 Sessions [2 Groups] 3 Routes  4 Log                                 1 group',
      ' Group Table     Neighbours       Filter       Members Behind    Lag   Routes',
      '>    3 master4   internal clients clients_out        2      1  8.0kB        2',
    ]);
    press(made, 'return');
    expect(screen(made).slice(3, 9)).toEqual([
      ' Group 3  ipv4 of master4, internal clients, filter clients_out',
      ' 2 routes, 1 changed networks wait, sent 40 updates, 2 withdraws, 256kB of log',
      '',
      ' Member                               Behind  State',
      '>Mesh_10_0_0_2                         8.0kB  behind',
      ' node1                                     0  current',
    ]);
    press(made, 'return');
    expect(screen(made)[3]).toContain('Mesh_10_0_0_2');
  });

  it('are missed in words where the daemon has none', () => {
    const made = thousand();
    press(made, '2');
    expect(screen(made)[4]).toContain('This daemon does not tell of update groups');
  });
});

describe('routes', () => {
  it('are a row each, with all attributes of the selected one below', () => {
    expect(screen(withRoutes()).slice(2)).toEqual([
      '  1 Sessions  2 Groups [3 Routes] 4 Log',
      ' show route all                                                          1 of 2',
      '   Network             Next hop         Protocol     Pref  AS path',
      '>* 10.1.0.0/16         10.0.0.1         node1        100   65002 65001',
      '   10.1.0.0/16         blackhole        anchors',
      ...Array<string>(6).fill(''),
      ' 10.1.0.0/16 best (100/5) [AS65001i]  node1 from 10.0.0.9',
      '  unicast, since 10:00:00, in table master4',
      '  via                10.0.0.1 on eth0',
      '  Type               BGP univ',
      '  BGP.origin         IGP',
      '  BGP.as_path        65002 65001',
      '  BGP.next_hop       10.0.0.1',
      '  BGP.local_pref     100',
      '  BGP.community      (65000,1) (65000,2) (65000,3)',
      '',
      ' ? help   Enter attributes   / find   e change   a all   Esc back',
    ]);
  });

  it('have pages with attributes of any length', () => {
    const made = withRoutes();
    const many = Array.from({ length: 200 }, (_, i) => `(65000,${i})`).join(' ');
    made.takeRoute({ ...made.routes!.routes[0]!, details: [`BGP.community: ${many}`] });
    press(made, 'end');
    expect(screen(made).at(-2)).toMatch(/^ {2}\(\d+ more lines: Enter\)$/);
    press(made, 'return', 'end');
    expect(screen(made).join('\n')).toContain('(65000,199)');
    press(made, 'N');
    expect(screen(made)[4]).toContain('blackhole');
  });

  it.each([
    ['10.0.0.0/8', 'in 10.0.0.0/8'],
    ['=10.0.0.0/8', '10.0.0.0/8'],
    ['10.1.2.3', 'for 10.1.2.3'],
    ['2001:db8::/32 table t6', 'in 2001:db8::/32 table t6'],
    ['2001:db8::1', 'for 2001:db8::1'],
    ['where bgp_path.len > 3', 'where bgp_path.len > 3'],
    ['protocol node1', 'protocol node1'],
    ['', ''],
  ])('are found: %s', (typed, asked) => {
    const made = feed(board());
    press(made, '3', '/');
    const keys = Array.from(typed, (character) => (character === ' ' ? 'space' : character));
    press(made, ...keys);
    expect(press(made, 'return')).toEqual({ type: 'routes', arguments: asked });
  });

  it('say so where there are none, or what was wrong', () => {
    const made = feed(board());
    press(made, '3');
    expect(screen(made)[6]).toBe('  Asking the daemon ...');
    made.routes!.complete = true;
    expect(screen(made)[6]).toBe('  There are no such routes.');
    made.routes!.remark = 'syntax error';
    expect(screen(made)[6]).toBe('  syntax error');
  });
});

describe('the log', () => {
  it('has lines of the daemon and changes that were seen', () => {
    const made = feed(board());
    made.takeNotice('12:00:01', 'node1: session closed');
    const later = manySessions(1).replace('node1 ', 'node1 ').replaceAll('Established', 'OpenSent');
    made.takeProtocols(answerLines(later), 2000, '12:00:02');
    press(made, '4');
    expect(screen(made).slice(3, 8)).toEqual([
      ' 12:00:01   node1: session closed',
      ' 12:00:02 * node1: Established -> OpenSent',
      ' 12:00:02 * device1 is gone',
      ' 12:00:02 * anchors is gone',
      ' 12:00:02 * Mesh_10_0_0_2 is gone',
    ]);
  });

  it('stays where it is read, forgets the oldest, and is filtered', () => {
    const made = feed(board());
    for (let i = 0; i < 3000; i++) made.takeNotice(TIME, `line ${i}`);
    expect(made.log).toHaveLength(2000);
    press(made, '4', 'up', 'up');
    expect(screen(made).at(-2)).toContain('line 2997');
    press(made, '/', '1', '2', '3', '4', 'return');
    expect(screen(made).slice(3, 5)).toEqual([` ${TIME}   line 1234`, '']);
    press(made, 'escape');
    expect(screen(made).at(-2)).toContain('line 2999');
  });
});

describe('around it', () => {
  it('says that the connection is lost and how old everything is', () => {
    const made = feed(board());
    made.lost('/run/bird.ctl: nobody listens there any more', TIME);
    expect(screen(made).slice(0, 2)).toEqual([
      ' catbird top  rr1 192.0.2.1                         NOT CONNECTED, trying again',
      ' /run/bird.ctl: nobody listens there any more. Below is what was at 03:04:06.',
    ]);
    made.connected(TIME);
    expect(screen(made)[0]).not.toContain('NOT');
    expect(made.log.map(({ text }) => text)).toEqual([
      'the connection is lost: /run/bird.ctl: nobody listens there any more',
      'connected again',
    ]);
    made.waitingS = 7;
    expect(screen(made)[0]).toMatch(/NO ANSWER for 7 s$/);
  });

  it('has a line of help for each key, within 80 columns', () => {
    const made = feed(board());
    made.resize(80, 60);
    press(made, '?');
    const text = screen(made);
    for (const [title, keys] of HELP) {
      expect(text).toContain(` ${title}`);
      for (const [key, words] of keys) expect(text).toContain(`   ${key.padEnd(14)}${words}`.trimEnd());
    }
    press(made, 'escape');
    expect(made.view).toBe('sessions');
  });

  it.each([['q'], ['C-c']])('ends with %s', (key) => {
    expect(press(feed(board()), key)).toEqual({ type: 'quit' });
  });

  it('does without colours: what is selected has a mark, and nothing sets a colour', () => {
    const made = feed(board());
    const colours = (text: string): string[] => text.match(/\x1b\[[^m]*3\d[^m]*m/g) ?? [];
    expect(colours(ansi(render(made), true)).length).toBeGreaterThan(0);
    expect(colours(ansi(render(made), false))).toEqual([]);
    expect(screen(made)[4]).toMatch(/^>/);
  });
});
