/** Calico's selector language: which labels somebody has to have. */

export type Labels = ReadonlyMap<string, string>;
export type Selector = (labels: Labels) => boolean;

const MAX_LABEL = 512;
const MAX_DEPTH = 200;

/** What compares a label with one text: its operator, and the answer for one that is not there. */
const COMPARISONS: readonly {
  readonly operator: RegExp;
  readonly absent: boolean;
  readonly holds: (value: string, wanted: string) => boolean;
}[] = [
  { operator: /==/y, absent: false, holds: (value, wanted) => value === wanted },
  { operator: /!=/y, absent: true, holds: (value, wanted) => value !== wanted },
  {
    operator: /contains(?![\w./-])/y,
    absent: false,
    holds: (value, wanted) => value.includes(wanted),
  },
  {
    operator: /starts[ \t]*with[ \t]*(?![\w./-])/y,
    absent: false,
    holds: (value, wanted) => value.startsWith(wanted),
  },
  {
    operator: /ends[ \t]*with[ \t]*(?![\w./-])/y,
    absent: false,
    holds: (value, wanted) => value.endsWith(wanted),
  },
];
const NOT_IN = /not[ \t]*in[ \t]*(?![\w./-])/y;
const IN = /in(?![\w./-])/y;
const CONSTANTS = /(?:all|global)\([ \t]*\)/y;
const HAS = /has\([ \t]*([\w./-]+)[ \t]*\)/y;
const LABEL = /[\w./-]+/y;
const TEXT = /"([^"]*)"|'([^']*)'/y;

/** Compiles a selector; an empty one is `all()`. Throws an error that says what is wrong, and where. */
export function parseSelector(text: string): Selector {
  const reader = new Reader(text);
  if (reader.isAtEnd()) return () => true;
  const selector = reader.either(0);
  if (!reader.isAtEnd()) throw reader.wrong("the end, '&&' or '||'");
  return selector;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
    return this.#at >= this.#text.length;
  }

  wrong(wanted: string): Error {
    const rest = this.#text.slice(this.#at, this.#at + 30);
    return new Error(`selector: ${wanted} expected, not '${rest}' (character ${this.#at + 1})`);
  }

  /** Terms between `||`. */
  either(depth: number): Selector {
    if (depth > MAX_DEPTH) throw new Error(`selector: more than ${MAX_DEPTH} brackets in each other`);
    const terms = [this.#both(depth)];
    while (this.#take(/\|\|/y)) terms.push(this.#both(depth));
    return terms.length === 1 ? terms[0]! : (labels) => terms.some((term) => term(labels));
  }

  /** Terms between `&&`, which binds closer. */
  #both(depth: number): Selector {
    const terms = [this.#term(depth)];
    while (this.#take(/&&/y)) terms.push(this.#term(depth));
    return terms.length === 1 ? terms[0]! : (labels) => terms.every((term) => term(labels));
  }

  #term(depth: number): Selector {
    let isNegated = false;
    while (this.#take(/!/y)) isNegated = !isNegated;
    const term = this.#positive(depth);
    return isNegated ? (labels) => !term(labels) : term;
  }

  #positive(depth: number): Selector {
    if (this.#take(/\(/y)) {
      const inner = this.either(depth + 1);
      if (!this.#take(/\)/y)) throw this.wrong("')'");
      return inner;
    }
    if (this.#take(CONSTANTS)) return () => true;
    const has = this.#take(HAS)?.[1];
    if (has !== undefined) return (labels) => labels.has(has);
    const label = this.#take(LABEL)?.[0];
    if (label === undefined) throw this.wrong("a label, 'has(…)', 'all()' or '('");
    if (label.length > MAX_LABEL) throw new Error(`selector: a label has more than ${MAX_LABEL} characters`);
    return this.#comparison(label);
  }

  #comparison(label: string): Selector {
    for (const { operator, absent, holds } of COMPARISONS) {
      if (!this.#take(operator)) continue;
      const wanted = this.#string();
      return (labels) => {
        const value = labels.get(label);
        return value === undefined ? absent : holds(value, wanted);
      };
    }
    const isNotIn = this.#take(NOT_IN) !== undefined;
    if (!isNotIn && !this.#take(IN)) throw this.wrong(`an operator after '${label}'`);
    const values = this.#set();
    return (labels) => {
      const value = labels.get(label);
      return value === undefined ? isNotIn : values.has(value) !== isNotIn;
    };
  }

  /** A comma may stand behind the last one. */
  #set(): ReadonlySet<string> {
    if (!this.#take(/\{/y)) throw this.wrong("'{'");
    const values = new Set<string>();
    while (!this.#take(/\}/y)) {
      values.add(this.#string());
      if (this.#take(/,/y)) continue;
      if (!this.#take(/\}/y)) throw this.wrong("',' or '}'");
      break;
    }
    return values;
  }

  #string(): string {
    const match = this.#take(TEXT);
    if (!match) throw this.wrong('a text between quotes');
    return match[1] ?? match[2]!;
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    this.isAtEnd();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (!match) return undefined;
    this.#at = pattern.lastIndex;
    return match;
  }
}
