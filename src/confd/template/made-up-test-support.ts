/** Templates made up from a seed, for comparing with Go. */
import type { Random } from '../../base/random.ts';
import type { GoCase } from './go-test-support.ts';

const DATA = {
  a: 'x y',
  n: { $int: '7' },
  f: 2.5,
  t: true,
  z: null,
  l: ['p', 3, null, ['q']],
  s: { $strings: ['one', 'two', 'three'] },
  i: { $ints: [5, 0, -3] },
  m: { k: 'v', j: { $int: '1' }, o: { p: 'deep' } },
  p: {
    $pairs: [
      ['/k/1', 'a'],
      ['/k/2', 'b'],
    ],
  },
};
const FIELDS = [
  '.a',
  '.n',
  '.f',
  '.t',
  '.z',
  '.l',
  '.s',
  '.i',
  '.m',
  '.p',
  '.q',
  '.m.k',
  '.m.o.p',
  '.m.x.y',
  '.a.b',
  '$.a',
  '$.m.j',
  '.',
];
const LITERALS = ['0', '1', '-2', '3.5', '"s"', '""', '"/a/b"', 'true', 'false', 'nil', "'c'", '`r`'];
const FUNCTIONS: readonly (readonly [name: string, least: number, most: number])[] = [
  ['and', 1, 3],
  ['or', 1, 3],
  ['not', 1, 1],
  ['len', 1, 1],
  ['index', 1, 3],
  ['slice', 1, 3],
  ['print', 0, 3],
  ['println', 0, 2],
  ['html', 1, 2],
  ['js', 1, 1],
  ['urlquery', 1, 1],
  ['eq', 1, 3],
  ['ne', 2, 2],
  ['lt', 2, 2],
  ['le', 2, 2],
  ['gt', 2, 2],
  ['ge', 2, 2],
  ['add', 2, 2],
  ['div', 2, 2],
  ['split', 2, 2],
  ['join', 2, 2],
  ['base', 1, 1],
  ['map', 0, 4],
  ['seq', 2, 2],
  ['atoi', 1, 1],
  ['toUpper', 1, 1],
  ['contains', 2, 2],
];
const FORMATS = [
  '%v',
  '%d',
  '%s',
  '%q',
  '%x',
  '%5v',
  '%-6v|',
  '%05d',
  '%+v',
  '%#v',
  '%T',
  '%t',
  '%.2f',
  '%g',
  '%e',
  '%c',
  '%U',
  '%v %v',
  '%[2]v %[1]v',
  '%*d',
  '%',
];

class Maker {
  readonly #random: Random;
  #variables = 0;
  #loops = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  operand(depth: number): string {
    const r = this.#random;
    if (depth > 0 && r.chance(0.3)) return `(${this.pipeline(depth - 1)})${r.chance(0.15) ? '.k' : ''}`;
    if (this.#variables > 0 && r.chance(0.2))
      return `$v${r.below(this.#variables)}${r.chance(0.2) ? '.k' : ''}`;
    return r.chance(0.55) ? r.pick(FIELDS) : r.pick(LITERALS);
  }

  command(depth: number): string {
    const r = this.#random;
    if (r.chance(0.35)) return this.operand(depth);
    if (r.chance(0.2)) {
      return `printf ${JSON.stringify(r.pick(FORMATS))} ${this.operand(depth)}${r.chance(0.3) ? ` ${this.operand(depth)}` : ''}`;
    }
    const [name, least, most] = r.pick(FUNCTIONS);
    const count = r.chance(0.05) ? r.below(4) : least + r.below(most - least + 1);
    return [name, ...Array.from({ length: count }, () => this.operand(depth))].join(' ');
  }

  pipeline(depth: number): string {
    const r = this.#random;
    const stages = [this.command(depth)];
    while (r.chance(0.2))
      stages.push(
        r.pick([
          'print',
          'len',
          'html',
          'printf "%v"',
          'printf "<%d>"',
          'index .m',
          'not',
          'eq 1',
          'toUpper',
        ]),
      );
    return stages.join(' | ');
  }

  body(depth: number): string {
    const r = this.#random;
    let out = '';
    for (let i = 0, count = 1 + r.below(3); i < count; i++) out += this.node(depth);
    return out;
  }

  node(depth: number): string {
    const r = this.#random;
    const open = r.chance(0.15) ? '{{- ' : '{{';
    const close = r.chance(0.15) ? ' -}}' : '}}';
    const outer = this.#variables;
    const kind = depth > 0 ? r.below(9) : r.below(4);
    switch (kind) {
      case 0:
        return r.pick(['text ', '\n', ' é ', '  x\n\t', '']);
      case 3: {
        if (this.#loops > 0 && r.chance(0.3)) return `${open}${r.pick(['break', 'continue'])}${close}`;
        const assigns = this.#variables > 0 && r.chance(0.4);
        const name = assigns ? r.below(this.#variables) : this.#variables;
        const text = `${open}$v${name} ${assigns ? '=' : ':='} ${this.pipeline(1)}${close}`;
        if (!assigns) this.#variables++;
        return text;
      }
      case 4:
      case 5: {
        const word = kind === 4 ? 'if' : 'with';
        let out = `${open}${word} ${this.pipeline(1)}${close}${this.body(depth - 1)}`;
        this.#variables = outer;
        if (word === 'if' && r.chance(0.3)) out += `{{else if ${this.pipeline(1)}}}${this.body(depth - 1)}`;
        this.#variables = outer;
        if (r.chance(0.4)) out += `${open}else${close}${this.body(depth - 1)}`;
        this.#variables = outer;
        return `${out}${open}end${close}`;
      }
      case 6:
      case 7: {
        const declared = r.below(3);
        const names = Array.from({ length: declared }, (_, i) => `$v${outer + i}`).join(', ');
        // Numbers are left out: Go goes through them since 1.22 only.
        const over = r.pick([
          '.s',
          '.l',
          '.m',
          '.p',
          '.i',
          '.z',
          '.q',
          '$.s',
          '$.m',
          '(split "a,b" ",")',
          '(seq 1 3)',
          '.a',
          '(map "y" 1 "x" 2)',
        ]);
        let out = `${open}range ${declared > 0 ? `${names} := ` : ''}${over}${close}`;
        this.#variables += declared;
        this.#loops++;
        out += this.body(depth - 1);
        this.#loops--;
        this.#variables = outer;
        if (r.chance(0.3)) out += `{{else}}${this.body(depth - 1)}`;
        this.#variables = outer;
        return `${out}{{end}}`;
      }
      case 8:
        return `{{template "sub" ${this.operand(1)}}}`;
      default:
        return `${open}${this.pipeline(depth > 0 ? 2 : 1)}${close}`;
    }
  }
}

/** One template with data. */
export function madeUpCase(random: Random): GoCase {
  const sub = '{{define "sub"}}<{{.}}|{{with .}}{{$}}{{end}}>{{end}}';
  return { text: sub + new Maker(random).body(3), data: DATA };
}
