import { describe, expect, it } from 'vitest';
import { formatDiagnostic, oneLine } from './diagnostics.ts';
import { load } from './test-support.ts';

describe('errors of a configuration', () => {
  const session = (options: string): string =>
    `router id 10.0.0.1;\nprotocol bgp a { local as 65000; neighbor 10.0.0.2 as 65000; ${options} ipv4 {}; }`;

  it.each([
    'password "s3cret" oops;',
    'password "s3cret" "s3cret";',
    'password "s3cret;',
    'pasword "s3cret";',
    'authentication ao; keys { key { id 1; secret "s3cret"; oops; }; };',
  ])('do not show secrets: %s', (options) => {
    const { errors } = load(session(options));
    expect(errors).not.toEqual([]);
    for (const error of errors) {
      expect(`${oneLine(error)}\n${formatDiagnostic(error)}`).not.toContain('s3cret');
    }
  });

  it('point at the place all the same', () => {
    const [error] = load(session('password "s3cret" oops;')).errors;
    const [, line, caret] = formatDiagnostic(error!).split('\n');
    expect(line).toContain('password ******** oops;');
    expect(caret!.indexOf('^')).toBe(line!.indexOf('oops'));
  });
});

describe('a line of megabytes', () => {
  it.each([
    ['before', `${'a '.repeat(500_000)}oops`],
    ['behind', `oops ${'a '.repeat(500_000)}`],
    ['in one word', `${'o'.repeat(1_000_000)}`],
  ])('is shown around the place: %s', (_where, words) => {
    const [error] = load(`router id 10.0.0.1;\ndefine x = 1; ${words}`).errors;
    const [first, line, caret] = formatDiagnostic(error!).split('\n');
    for (const text of [first, line, caret]) expect(text!.length).toBeLessThan(1000);
    const column = error!.location.column;
    const at = caret!.indexOf('^');
    expect(at).toBeGreaterThan(0);
    expect(line!.slice(at)[0]).toBe(`define x = 1; ${words}`[column - 1]);
  });

  it('keeps secrets that begin before what is shown', () => {
    const long = `password "${'s3cret '.repeat(1000)}" oops;`;
    const text = `router id 10.0.0.1;\nprotocol bgp a { local as 65000; neighbor 10.0.0.2 as 65000; ${long} ipv4 {}; }`;
    const [error] = load(text).errors;
    expect(formatDiagnostic(error!)).toContain('oops');
    expect(formatDiagnostic(error!)).not.toContain('s3cret');
  });
});
