/** Go's `fmt.Sprint`, `Sprintln` and `Sprintf`. */
import { Formatter } from './formatter.ts';
import type { Value } from './values.ts';
import { GoInteger, unwrap } from './values.ts';

/** Widths and precisions beyond this are none, as for Go. */
const MAX_WIDTH = 1_000_000;

/** All values, with spaces between those that are no strings. */
export function sprint(args: readonly Value[]): string {
  const formatter = new Formatter();
  let out = '';
  args.forEach((arg, i) => {
    const bothOther = i > 0 && typeof unwrap(arg) !== 'string' && typeof unwrap(args[i - 1]) !== 'string';
    out += (bothOther ? ' ' : '') + formatter.argument(arg, 'v');
  });
  return out;
}

/** All values with spaces between, and a line feed. */
export function sprintln(args: readonly Value[]): string {
  const formatter = new Formatter();
  return `${args.map((arg) => formatter.argument(arg, 'v')).join(' ')}\n`;
}

export function sprintf(format: string, args: readonly Value[]): string {
  return plainSprintf(format, args) ?? new Printf(format, args).run();
}

/** Where strings alone are put in with `%s` and `%v`, which is what most formats are; undefined elsewhere. */
function plainSprintf(format: string, args: readonly Value[]): string | undefined {
  let out = '';
  let from = 0;
  let used = 0;
  for (let at = format.indexOf('%'); at >= 0; at = format.indexOf('%', from)) {
    const verb = format[at + 1];
    const arg = unwrap(args[used++]);
    if ((verb !== 's' && verb !== 'v') || typeof arg !== 'string') return undefined;
    out += format.slice(from, at) + arg;
    from = at + 2;
  }
  return used === args.length ? out + format.slice(from) : undefined;
}

/** A value as `%v` gives it. */
export function formatValue(value: Value): string {
  return new Formatter().argument(value, 'v');
}

class Printf {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #formatter = new Formatter();
  #at = 0;
  #arg = 0;
  /** Some verb named its argument: then it is not said which are left over. */
  #reordered = false;
  #goodArgument = true;

  constructor(format: string, args: readonly Value[]) {
    this.#format = format;
    this.#args = args;
  }

  run(): string {
    let out = '';
    for (;;) {
      const percent = this.#format.indexOf('%', this.#at);
      if (percent < 0) break;
      out += this.#format.slice(this.#at, percent);
      this.#at = percent + 1;
      out += this.#verb();
    }
    out += this.#format.slice(this.#at);
    return out + this.#extra();
  }

  #extra(): string {
    if (this.#reordered || this.#arg >= this.#args.length) return '';
    const formatter = new Formatter();
    const left = this.#args.slice(this.#arg).map((wrapped) => {
      const arg = unwrap(wrapped);
      return arg === undefined ? '<nil>' : `${formatter.argument(arg, 'T')}=${formatter.argument(arg, 'v')}`;
    });
    return `%!(EXTRA ${left.join(', ')})`;
  }

  #verb(): string {
    const { flags } = this.#formatter;
    this.#formatter.clear();
    this.#goodArgument = true;
    this.#flags();
    let out = '';
    let afterIndex = this.#index();
    if (this.#format[this.#at] === '*') {
      this.#at++;
      const width = this.#intArgument();
      if (width === undefined) out += '%!(BADWIDTH)';
      flags.width = width === undefined ? undefined : Math.abs(width);
      if (width !== undefined && width < 0) {
        flags.minus = true;
        flags.zero = false;
      }
      afterIndex = false;
    } else {
      flags.width = this.#number();
      if (afterIndex && flags.width !== undefined) this.#goodArgument = false;
    }
    if (this.#format[this.#at] === '.' && this.#at + 1 < this.#format.length) {
      this.#at++;
      if (afterIndex) this.#goodArgument = false;
      afterIndex = this.#index();
      if (this.#format[this.#at] === '*') {
        this.#at++;
        const precision = this.#intArgument();
        flags.precision = precision === undefined || precision < 0 ? undefined : precision;
        if (flags.precision === undefined) out += '%!(BADPREC)';
        afterIndex = false;
      } else {
        flags.precision = this.#number() ?? 0;
      }
    }
    if (!afterIndex) this.#index();
    if (this.#at >= this.#format.length) return `${out}%!(NOVERB)`;
    const verb = String.fromCodePoint(this.#format.codePointAt(this.#at)!);
    this.#at += verb.length;
    if (verb === '%') return `${out}%`;
    if (!this.#goodArgument) return `${out}%!${verb}(BADINDEX)`;
    if (this.#arg >= this.#args.length) return `${out}%!${verb}(MISSING)`;
    if (verb === 'v') {
      flags.sharpV = flags.sharp;
      flags.plusV = flags.plus;
      flags.sharp = flags.plus = false;
    }
    return out + this.#formatter.argument(this.#args[this.#arg++], verb);
  }

  #flags(): void {
    const { flags } = this.#formatter;
    for (; ; this.#at++) {
      switch (this.#format[this.#at]) {
        case '#':
          flags.sharp = true;
          break;
        case '0':
          flags.zero = !flags.minus;
          break;
        case '+':
          flags.plus = true;
          break;
        case '-':
          flags.minus = true;
          flags.zero = false;
          break;
        case ' ':
          flags.space = true;
          break;
        default:
          return;
      }
    }
  }

  /** `[N]`: which argument comes next. Whether there was one. */
  #index(): boolean {
    if (this.#format[this.#at] !== '[') return false;
    this.#reordered = true;
    const close = this.#format.indexOf(']', this.#at + 1);
    if (close < 0 || this.#format.length - this.#at < 3) {
      this.#goodArgument = false;
      this.#at++;
      return false;
    }
    const digits = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    const isNumber = /^\d+$/.test(digits) && Number(digits) <= MAX_WIDTH * 10;
    const index = Number(digits) - 1;
    if (isNumber && index >= 0 && index < this.#args.length) {
      this.#arg = index;
      return true;
    }
    this.#goodArgument = false;
    return isNumber;
  }

  /** Digits at hand, if any. */
  #number(): number | undefined {
    const digits = /^\d+/.exec(this.#format.slice(this.#at, this.#at + 20))?.[0];
    if (digits === undefined) return undefined;
    if (Number(digits) > MAX_WIDTH * 10) {
      // Go takes no more of such a format.
      this.#at = this.#format.length;
      return undefined;
    }
    this.#at += digits.length;
    return Number(digits);
  }

  /** The next argument where it is a whole number of a sane size. */
  #intArgument(): number | undefined {
    if (this.#arg >= this.#args.length) return undefined;
    const arg = unwrap(this.#args[this.#arg++]);
    const number =
      typeof arg === 'bigint' ? Number(arg) : arg instanceof GoInteger ? Number(arg.value) : undefined;
    return number === undefined || Math.abs(number) > MAX_WIDTH ? undefined : number;
  }
}
