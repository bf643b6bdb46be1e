/** What only we do: limits, functions and numbers that Go 1.19 does not have, and provenance. */
import { describe, expect, test } from 'vitest';
import { TemplateError } from './error.ts';
import { TemplateSet } from './exec.ts';
import { fromPlain } from './values.ts';

function render(text: string, data: unknown = {}): string {
  const set = new TemplateSet();
  set.parse('t', text);
  return set.render('t', fromPlain(data));
}

function failure(text: string, data: unknown = {}): TemplateError {
  try {
    render(text, data);
  } catch (error) {
    if (error instanceof TemplateError) return error;
    throw error;
  }
  throw new Error('it rendered');
}

describe('what newer releases of Go have', () => {
  test.each([
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range $i := 3}}{{$i}},{{end}}', '0,1,2,'],
    ['{{range 0}}x{{else}}none{{end}}', 'none'],
    ['{{with .none}}a{{else with .a}}{{.}}{{else}}c{{end}}', '1'],
  ])('%s', (text, expected) => {
    expect(render(text, { a: 1 })).toBe(expected);
  });

  test('a number has no second variable', () => {
    expect(failure('{{range $i, $e := 3}}{{end}}').message).toContain(
      "can't use 3 to iterate over more than one variable",
    );
  });
});

describe('limits', () => {
  test('templates that call each other without end', () => {
    expect(failure('{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}').message).toContain(
      'exceeded maximum template depth',
    );
  });

  test('loops that go on for too long', () => {
    expect(failure('{{range 5000}}{{range 5000}}{{end}}{{end}}').message).toContain(
      'loops more than 10000000 times',
    );
  });

  test('output without end', () => {
    const text = `{{range 1000}}{{printf "%1000000d" 1}}{{end}}`;
    expect(failure(text).message).toContain('writes more than 268435456 characters');
  });

  test('actions nested too deeply', () => {
    expect(failure(`${'{{if true}}'.repeat(3000)}${'{{end}}'.repeat(3000)}`).message).toMatch(/nest/);
    expect(failure(`{{${'('.repeat(3000)}1${')'.repeat(3000)}}}`).message).toMatch(/nest/);
  });

  test('complex numbers are refused', () => {
    expect(failure('{{1+2i}}').message).toBe('template: t:1: complex numbers are not supported: 1+2i');
  });
});

test('errors have a place', () => {
  const error = failure('one\n  {{.a.b}}', { a: 1 });
  expect([error.template, error.line, error.column]).toEqual(['t', 2, 6]);
});

test('the sink is told which node of which template wrote a text', () => {
  const set = new TemplateSet();
  set.parse('t', 'a\n{{template "x" .}}{{define "x"}}b{{.}}{{end}}');
  const written: string[] = [];
  set.execute('t', 'v', (text, tree, node) => written.push(`${tree.name}:${node.line} ${text}`));
  expect(written).toEqual(['t:1 a\n', 'x:2 b', 'x:2 v']);
});

test('a template that is empty does not undo one of the same name', () => {
  const set = new TemplateSet();
  set.parse('x', 'full');
  set.parse('t', '{{define "x"}} {{end}}{{template "x"}}');
  expect(set.render('t', undefined)).toBe('full');
});
