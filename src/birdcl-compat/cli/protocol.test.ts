import { describe, expect, it } from 'vitest';
import { CliSession } from './protocol.ts';
import { last, more } from './replies.ts';
import type { Answer } from './replies.ts';
import { FakeClient, FakeDaemon, prefixOf } from './test-support.ts';

function answering(answer: Answer): { text: string[]; session: CliSession } {
  const text: string[] = [];
  const session = new CliSession(
    {
      write: (chunk) => text.push(chunk) > 0,
      soon: () => undefined,
      pause: () => undefined,
      resume: () => undefined,
      end: () => undefined,
    },
    { greeting: () => last(1, 'BIRD 2.0.12 ready.'), handle: () => answer, closed: () => undefined },
  );
  return { text, session };
}

describe('framing', () => {
  it('greets first', () => {
    expect(answering([]).text).toEqual(['0001 BIRD 2.0.12 ready.\n']);
  });

  it.each([
    ['one line', [last(13, 'up')], '0013 up\n'],
    ['a silent end keeps its space', [last(0)], '0000 \n'],
    [
      'a code that repeats becomes a space',
      [more(1007, 'a'), more(1007, 'b'), more(1008, 'c'), last(0)],
      '1007-a\n b\n1008-c\n0000 \n',
    ],
    ['the last line always has its code', [more(1010, 'a'), last(1010, 'b')], '1010-a\n1010 b\n'],
    ['line ends inside a text become spaces', [last(0, 'a\nb\r')], '0000 a b \n'],
  ])('%s', (_name, replies, text) => {
    const { text: written, session } = answering(replies);
    session.received('x\n');
    expect(written.slice(1).join('')).toBe(text);
  });

  it('forgets the code after a last line', () => {
    const { text, session } = answering([more(5, 'a'), last(5, 'b')]);
    session.received('x\ny\n');
    expect(text.slice(1).join('')).toBe('0005-a\n0005 b\n0005-a\n0005 b\n');
  });

  it('writes the end of an answer together with what is before it', () => {
    const { text, session } = answering([more(5, 'a'), last(0)]);
    session.received('x\n');
    expect(text.slice(1)).toEqual(['0005-a\n0000 \n']);
  });

  it('clips a line that birdc could not hold', () => {
    const { text, session } = answering([last(0, 'x'.repeat(10_000))]);
    session.received('x\n');
    expect(text[1]!.length).toBeLessThan(4096);
  });
});

describe('requests', () => {
  it('may come in any pieces, with or without CR', () => {
    const client = new FakeClient(new FakeDaemon());
    client.text = '';
    for (const piece of ['show', ' sta', 'tus\r', '\nrestr', 'ict\n']) client.session.received(piece);
    expect(client.text.split('\n').at(-3)).toBe('0013 Daemon is up and running');
    expect(client.text.split('\n').at(-2)).toBe('0016 Access restricted');
  });

  it('that are too long are answered once, and the next one works', () => {
    const client = new FakeClient(new FakeDaemon());
    client.text = '';
    for (let i = 0; i < 10; i++) client.session.received('x'.repeat(1000));
    client.session.received('xxx\nrestrict\n');
    expect(client.text).toBe('9000 Command too long\n0016 Access restricted\n');
  });

  it('that are garbage are refused', () => {
    const client = new FakeClient(new FakeDaemon());
    expect(client.ask('\x00\x01\xff{{{"')).toMatch(/^9001 /);
    expect(client.ask('')).toMatch(/^9001 /);
    expect(client.ask('show nothing')).toBe("9001 syntax error, unexpected 'nothing'\n");
    expect(client.ask('shwo status')).toBe("9001 syntax error, unexpected 'shwo' (did you mean 'show'?)\n");
  });

  it('stop being read while too many wait', () => {
    const client = new FakeClient(new FakeDaemon());
    client.full = true;
    client.session.received('show status\n'.repeat(20));
    expect(client.paused).toBe(true);
    client.full = false;
    client.session.drained();
    while (client.turn());
    expect(client.paused).toBe(false);
    expect(client.text.match(/^0013 /gm)).toHaveLength(20);
  });
});

describe('a long answer', () => {
  function* endless(): Iterable<ReturnType<typeof prefixOf>> {
    for (let i = 0; ; i++) yield { ip: { version: 4, words: [i << 8] }, length: 24 };
  }

  it('is made in slices', () => {
    const daemon = new FakeDaemon(endless());
    const client = new FakeClient(daemon);
    client.session.received('show route\n');
    const first = client.text.length;
    expect(first).toBeLessThan(100_000);
    expect(client.turn()).toBe(true);
    expect(client.text.length).toBeGreaterThan(first);
    expect(client.text.length).toBeLessThan(2 * first + 100_000);
  });

  it('is made in slices also where nothing is shown', () => {
    const daemon = new FakeDaemon(endless());
    const client = new FakeClient(daemon);
    client.session.received('show route where net.len = 1 count\n');
    expect(daemon.walked).toBeLessThan(2000);
    expect(client.turn()).toBe(true);
  });

  it('waits for a client that does not read', () => {
    const daemon = new FakeDaemon(endless());
    const client = new FakeClient(daemon);
    client.full = true;
    client.session.received('show route\n');
    const { walked } = daemon;
    while (client.turn());
    expect(daemon.walked).toBe(walked);
    client.full = false;
    client.session.drained();
    expect(daemon.walked).toBeGreaterThan(walked);
  });

  it('ends with the connection', () => {
    const daemon = new FakeDaemon(endless());
    const client = new FakeClient(daemon);
    client.session.received('show route\n');
    client.session.closed();
    const { walked } = daemon;
    while (client.turn());
    expect(daemon.walked).toBe(walked);
  });
});
