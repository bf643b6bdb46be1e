/**
 * Random filters and static routes in BIRD's language, valid by construction, the same ones for the same seed. They read
 * attributes that may be missing, divide by what may be zero and leave sets that may be empty: what a daemon makes of such
 * a route is part of the comparison.
 */
import { seededRandom, type Random } from '../../src/base/random.ts';

type Type =
  | 'int'
  | 'bool'
  | 'ip'
  | 'prefix'
  | 'pair'
  | 'ec'
  | 'lc'
  | 'quad'
  | 'bgppath'
  | 'clist'
  | 'eclist'
  | 'lclist';

interface Variable {
  readonly name: string;
  readonly type: Type;
}

const MAX_DEPTH = 4;
/** Types of variables, parameters and results. */
const TYPES: readonly Type[] = [
  'int',
  'bool',
  'ip',
  'prefix',
  'pair',
  'ec',
  'lc',
  'quad',
  'bgppath',
  'clist',
  'eclist',
  'lclist',
];
/** Small worlds, so that comparisons are often true. */
const AS_NUMBERS = [64501, 64502, 64503, 65000, 65001, 4200000001, 100, 1, 0, 4294967295];
const NUMBERS = [0, 1, 2, 3, 5, 24, 100, 255, 65535, 65536, 2147483648, 4294967295];
const SHORT_NUMBERS = [0, 1, 100, 64501, 64502, 65535];
const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='];
const LIST_OF: Readonly<
  Record<'clist' | 'eclist' | 'lclist', { attribute: string; element: Type; empty: string }>
> = {
  clist: { attribute: 'bgp_community', element: 'pair', empty: '-empty-' },
  eclist: { attribute: 'bgp_ext_community', element: 'ec', empty: '--empty--' },
  lclist: { attribute: 'bgp_large_community', element: 'lc', empty: '---empty---' },
};
type ListType = keyof typeof LIST_OF;
const LIST_TYPES: readonly ListType[] = ['clist', 'eclist', 'lclist'];
const isList = (type: Type): type is ListType => type in LIST_OF;

export class FilterGenerator {
  readonly #random: Random;
  #variables: Variable[] = [];
  readonly #functions: {
    readonly name: string;
    readonly parameters: readonly Type[];
    readonly result: Type;
  }[] = [];
  #names = 0;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  /** A function that filters made later may call. */
  function(): string {
    const name = `fun${this.#functions.length}`;
    const parameters = Array.from({ length: this.#random.below(3) }, () => this.#random.pick(TYPES));
    const result = this.#random.pick(TYPES);
    this.#variables = parameters.map((type, i) => ({ name: `par${i}`, type }));
    const list = this.#variables.map((variable) => `${variable.type} ${variable.name}`).join('; ');
    const lines = this.#declarations().concat(
      this.#statements(1, false),
      `return ${this.#expression(result, 1)};`,
    );
    this.#functions.push({ name, parameters, result });
    return `function ${name}(${list})\n${lines.join('\n')}\n}\n`.replace('\n', '\n{\n');
  }

  filter(name: string): string {
    this.#variables = [];
    const lines = this.#declarations().concat(
      this.#statements(0, true),
      this.#random.chance(0.7) ? 'accept;' : `if ${this.#expression('bool', 1)} then accept; else reject;`,
    );
    return `filter ${name}\n{\n${lines.join('\n')}\n}\n`;
  }

  /** A static route with attributes of its own. */
  route(prefix: string): string {
    const random = this.#random;
    const set: string[] = [];
    if (random.chance(0.8)) set.push(`bgp_local_pref = ${random.pick(NUMBERS)};`);
    if (random.chance(0.6)) set.push(`bgp_med = ${random.pick(NUMBERS)};`);
    if (random.chance(0.8)) set.push(`bgp_origin = ${this.#origin()};`);
    if (random.chance(0.8)) {
      set.push('bgp_path = +empty+;');
      for (let n = random.below(6); n > 0; n--) set.push(`bgp_path.prepend(${random.pick(AS_NUMBERS)});`);
    }
    for (const type of LIST_TYPES) {
      if (random.chance(0.4)) continue;
      const { attribute, element } = LIST_OF[type];
      set.push(`${attribute} = ${LIST_OF[type].empty};`);
      // At least one: BIRD counts a list without members that comes with the route as defined.
      for (let n = 1 + random.below(5); n > 0; n--) set.push(`${attribute}.add(${this.#literal(element)});`);
    }
    return `route ${prefix} unreachable { ${set.join(' ')} };`;
  }

  /** An IPv4 prefix that is in the sets of filters now and then. */
  prefix(index: number): string {
    const length = 8 + this.#random.below(25);
    const word = ((10 << 24) | (index << 8) | this.#random.below(256)) >>> 0;
    const masked = (word & (-1 << (32 - length))) >>> 0;
    return `${[24, 16, 8, 0].map((shift) => (masked >>> shift) & 255).join('.')}/${length}`;
  }

  #origin(): string {
    return this.#random.pick(['ORIGIN_IGP', 'ORIGIN_EGP', 'ORIGIN_INCOMPLETE']);
  }

  #declarations(): string[] {
    const lines: string[] = [];
    for (let n = this.#random.below(4); n > 0; n--) {
      const type = this.#random.pick(TYPES);
      const name = `var${this.#names++}`;
      // BIRD 2.0 fails when it runs a declaration without a value.
      lines.push(`${type} ${name} = ${this.#expression(type, 2)};`);
      this.#variables.push({ name, type });
    }
    return lines;
  }

  #statements(depth: number, isFilter: boolean): string[] {
    return Array.from({ length: 1 + this.#random.below(4) }, () => this.#statement(depth, isFilter));
  }

  #block(depth: number, isFilter: boolean): string {
    return `{ ${this.#statements(depth, isFilter).join(' ')} }`;
  }

  #statement(depth: number, isFilter: boolean): string {
    const random = this.#random;
    if (depth < MAX_DEPTH) {
      const kind = random.below(12);
      if (kind < 3) {
        const otherwise = random.chance(0.5) ? ` else ${this.#block(depth + 2, isFilter)}` : '';
        return `if ${this.#expression('bool', depth)} then ${this.#block(depth + 2, isFilter)}${otherwise}`;
      }
      if (kind === 3) return this.#case(depth, isFilter);
      if (kind === 4 && this.#variables.length > 0) {
        const { name, type } = random.pick(this.#variables);
        return `${name} = ${this.#expression(type, depth)};`;
      }
      if (kind === 5 && isFilter && random.chance(0.4)) return random.pick(['accept;', 'reject;']);
    }
    return this.#edit(depth);
  }

  #case(depth: number, isFilter: boolean): string {
    const random = this.#random;
    const items = [...NUMBERS].sort((a, b) => a - b);
    const branches: string[] = [];
    for (let i = 0; i < 6; i += 2) {
      const first = items[i * 2]!;
      const last = items[i * 2 + 2]! - 1;
      const range = random.chance(0.5) && last > first ? `${first}..${last}` : String(first);
      branches.push(`${range}: ${this.#statements(depth + 2, isFilter).join(' ')}`);
    }
    if (random.chance(0.7)) branches.push(`else: ${this.#statements(depth + 2, isFilter).join(' ')}`);
    return `case ${this.#expression('int', depth + 1)} { ${branches.join(' ')} }`;
  }

  /** A change of an attribute. */
  #edit(depth: number): string {
    const random = this.#random;
    switch (random.below(9)) {
      case 0:
        return `bgp_local_pref = ${this.#expression('int', depth + 1)};`;
      case 1:
        return `bgp_med = ${this.#expression('int', depth + 1)};`;
      case 2:
        return `bgp_origin = ${this.#origin()};`;
      case 3:
        return `bgp_path.prepend(${this.#expression('int', depth + 2)});`;
      case 4:
        return `bgp_path.${random.pick(['delete', 'filter'])}(${this.#set('int')});`;
      case 5:
        return `unset(${random.pick(['bgp_med', 'bgp_community', 'bgp_local_pref', 'bgp_ext_community', 'bgp_large_community'])});`;
      case 6:
        return `preference = ${random.below(65536)};`;
      default: {
        const type = random.pick(LIST_TYPES);
        const { attribute, element } = LIST_OF[type];
        const method = random.pick(['add', 'delete', 'filter', 'assign', 'empty']);
        if (method === 'empty') return `${attribute}.empty;`;
        if (method === 'assign') return `${attribute} = ${this.#expression(type, depth + 1)};`;
        return `${attribute}.${method}(${this.#listArgument(type, element, method, depth + 1)});`;
      }
    }
  }

  #listArgument(type: ListType, element: Type, method: string, depth: number): string {
    const random = this.#random;
    if (method === 'add')
      return random.chance(0.6) ? this.#expression(element, depth) : this.#expression(type, depth);
    if (method === 'delete' && random.chance(0.4)) return this.#expression(element, depth);
    return random.chance(0.7) ? this.#set(element) : this.#expression(type, depth);
  }

  #literal(type: Type): string {
    const random = this.#random;
    const as = (): number => random.pick(AS_NUMBERS);
    const small = (): number => random.pick(SHORT_NUMBERS);
    switch (type) {
      case 'int':
        return String(random.chance(0.5) ? random.pick(NUMBERS) : as());
      case 'bool':
        return random.pick(['true', 'false']);
      case 'ip':
        return random.pick(['10.0.0.1', '0.0.0.0', '10.1.0.0', '255.255.255.255', '192.0.2.1']);
      case 'quad':
      case 'prefix':
        return random.pick(['10.0.0.0/8', '10.1.0.0/16', '0.0.0.0/0', '10.2.3.0/24', '192.0.2.1/32']);
      case 'pair':
        return `(${small()},${small()})`;
      case 'ec':
        return random.chance(0.3)
          ? `(${random.pick(['rt', 'ro'])}, ${random.pick([100000, 4200000001])}, ${small()})`
          : random.chance(0.2)
            ? `(generic, ${random.pick(NUMBERS)}, ${random.pick(NUMBERS)})`
            : `(${random.pick(['rt', 'ro'])}, ${small()}, ${as()})`;
      case 'lc':
        return `(${as()}, ${as()}, ${as()})`;
      case 'bgppath':
        return '+empty+';
      default:
        return LIST_OF[type as ListType].empty;
    }
  }

  /**
   * `[ … ]` of elements of a type. No two items overlap: BIRD then finds some members and others not, by the shape of
   * its search tree, while Catbird's sets are unions.
   */
  #set(element: Type): string {
    const random = this.#random;
    const count = 1 + random.below(4);
    if (element === 'prefix') return `[ ${Array.from({ length: count }, () => this.#pattern()).join(', ')} ]`;
    const world = element === 'int' || element === 'lc' ? AS_NUMBERS : SHORT_NUMBERS;
    // Distinct and ascending, so that each range ends before the next item begins.
    const heads = [...new Set(Array.from({ length: count }, () => random.pick(world)))].sort((a, b) => a - b);
    const part = (): string => {
      if (random.chance(0.25)) return '*';
      const [from, to] = [random.pick(world), random.pick(world)].sort((a, b) => a - b);
      return random.chance(0.3) ? `${from}..${to}` : String(from);
    };
    const items = heads.map((head, i) => {
      switch (element) {
        case 'pair': {
          const first = heads.length === 1 && random.chance(0.3) ? '*' : String(head);
          return `(${first},${part()})`;
        }
        case 'ec':
          return `(rt, ${head}, ${random.chance(0.4) ? '*' : String(random.pick(AS_NUMBERS))})`;
        case 'lc': {
          const second = part();
          // After a range nothing but `*` may come.
          return `(${head}, ${second}, ${/^\d+$/.test(second) ? part() : '*'})`;
        }
        default: {
          const limit = (heads[i + 1] ?? 4294967296) - 1;
          return random.chance(0.4) ? `${head}..${Math.min(limit, head + 600)}` : String(head);
        }
      }
    });
    return `[ ${items.join(', ')} ]`;
  }

  #pattern(): string {
    const random = this.#random;
    const low = random.below(33);
    const range = `{${low},${low + random.below(33 - low)}}`;
    return this.#literal('prefix') + random.pick(['', '+', '-', range]);
  }

  #mask(depth: number): string {
    const random = this.#random;
    const items = Array.from({ length: 1 + random.below(4) }, () => {
      const kind = random.below(6);
      if (kind === 0) return '*';
      if (kind === 1) return '?';
      if (kind === 2) return this.#set('int').replaceAll(' ', '');
      if (kind === 3) return '64500..65000';
      if (kind === 4 && depth < MAX_DEPTH) return `(${this.#expression('int', depth + 2)})`;
      return String(random.pick(AS_NUMBERS));
    });
    return `[= ${items.join(' ')} =]`;
  }

  #expression(type: Type, depth: number): string {
    const random = this.#random;
    const choices: (() => string)[] = [() => this.#literal(type === 'quad' ? 'int' : type)];
    if (type === 'quad') choices[0] = () => 'bgp_originator_id';
    for (const { name } of this.#variables.filter((variable) => variable.type === type))
      choices.push(() => name);
    choices.push(...this.#attributes(type));
    if (depth < MAX_DEPTH) {
      const deeper = depth + 1;
      choices.push(...this.#operations(type, deeper));
      for (const fun of this.#functions.filter(({ result }) => result === type)) {
        const args = (): string => fun.parameters.map((each) => this.#expression(each, deeper)).join(', ');
        choices.push(() => `${fun.name}(${args()})`);
      }
    }
    return random.pick(choices)();
  }

  #attributes(type: Type): (() => string)[] {
    const of = (...texts: string[]): (() => string)[] => texts.map((text) => () => text);
    switch (type) {
      case 'int':
        return of(
          'bgp_local_pref',
          'bgp_med',
          'preference',
          'net.len',
          'bgp_path.len',
          'bgp_path.first',
          'bgp_path.last',
        );
      case 'ip':
        return of('net.ip', 'from');
      case 'prefix':
        return of('net', 'net');
      case 'bgppath':
        return of('bgp_path', 'bgp_path', 'bgp_path');
      default:
        return isList(type) ? of(LIST_OF[type].attribute, LIST_OF[type].attribute) : [];
    }
  }

  #operations(type: Type, depth: number): (() => string)[] {
    const random = this.#random;
    const sub = (each: Type): string => this.#expression(each, depth);
    switch (type) {
      case 'int':
        return [
          () => `(${this.#variableNumber()} ${random.pick(['+', '-', '*', '/'])} ${sub('int')})`,
          () => `${this.#target('pair', depth)}.${random.pick(['asn', 'data'])}`,
          () => `${this.#target('lc', depth)}.${random.pick(['asn', 'data1', 'data2'])}`,
          () => `${this.#target(random.pick(LIST_TYPES), depth)}.len`,
          () =>
            `${this.#target('bgppath', depth)}.${random.pick(['len', 'first', 'last', 'last_nonaggregated'])}`,
          () => `${this.#target('prefix', depth)}.len`,
        ];
      case 'bool':
        return this.#conditions(depth);
      case 'ip':
        return [
          () => `${this.#target('prefix', depth)}.ip`,
          () => `${this.#target('ip', depth)}.mask(${random.below(33)})`,
        ];
      case 'pair':
        return [() => `(${this.#variableNumber()}, ${random.below(65536)})`];
      case 'lc':
        return [() => `(${sub('int')}, ${sub('int')}, ${sub('int')})`];
      case 'ec':
        return [() => `(${random.pick(['rt', 'ro'])}, ${random.pick([100, 64501])}, ${sub('int')})`];
      case 'bgppath':
        return [
          () => `prepend(${sub('bgppath')}, ${sub('int')})`,
          () => `${random.pick(['delete', 'filter'])}(${sub('bgppath')}, ${this.#set('int')})`,
          () => `delete(${sub('bgppath')}, ${sub('int')})`,
        ];
      default:
        if (!isList(type)) return [];
        return ['add', 'delete', 'filter'].map((method) => () => {
          const argument = this.#listArgument(type, LIST_OF[type].element, method, depth);
          return `${method}(${sub(type)}, ${argument})`;
        });
    }
  }

  /** A number that is not known when the filter is read: BIRD refuses constant expressions that must fail. */
  #variableNumber(): string {
    return this.#random.pick(this.#attributes('int'))();
  }

  /** An expression that a method can be called on: a name or something in parentheses. */
  #target(type: Type, depth: number): string {
    const text = this.#expression(type, depth);
    return /^\w+$/.test(text) && !/^\d/.test(text)
      ? text
      : type === 'pair' || type === 'lc'
        ? text
        : `(${text})`;
  }

  #conditions(depth: number): (() => string)[] {
    const random = this.#random;
    const sub = (each: Type): string => this.#expression(each, depth);
    const match = (): string => random.pick(['~', '!~']);
    return [
      () => `(${sub('int')} ${random.pick(COMPARISONS)} ${sub('int')})`,
      () => `(${sub('int')} ${match()} ${this.#set('int')})`,
      () => `(${sub('prefix')} ${match()} ${this.#set('prefix')})`,
      () => `(${sub('prefix')} ${match()} ${this.#literal('prefix')})`,
      () => `(${sub('ip')} ${match()} ${this.#literal('prefix')})`,
      () => `(${sub('bgppath')} ${match()} ${this.#mask(depth)})`,
      () => `(${sub('bgppath')} ${match()} ${this.#set('int')})`,
      () => `(${sub('int')} ${match()} ${sub('bgppath')})`,
      () => {
        const type = random.pick(LIST_TYPES);
        return `(${sub(LIST_OF[type].element)} ${match()} ${sub(type)})`;
      },
      () => {
        const type = random.pick(LIST_TYPES);
        return `(${sub(type)} ${match()} ${this.#set(LIST_OF[type].element)})`;
      },
      () => {
        const type = random.pick(['pair', 'lc', 'ec'] as const);
        return `(${sub(type)} ${match()} ${this.#set(type)})`;
      },
      () => {
        const type = random.pick(['pair', 'ec', 'lc', 'ip', 'prefix', 'bool'] as const);
        return `(${sub(type)} ${random.pick(['=', '!='])} ${sub(type)})`;
      },
      () => {
        const type = random.pick(['bgppath', ...LIST_TYPES] as const);
        return `(${sub(type)} ${random.pick(['=', '!='])} ${sub(type)})`;
      },
      () => `(${sub(random.pick(['pair', 'ip']))} = ${sub(random.pick(['pair', 'ip']))})`,
      () => `(${sub('bool')} ${random.pick(['&&', '||'])} ${sub('bool')})`,
      () => `!${sub('bool').replace(/^(?!\()(.*)$/s, '($1)')}`,
      () =>
        `defined(${random.pick(['bgp_med', 'bgp_local_pref', 'bgp_path', 'bgp_community', 'bgp_ext_community', 'bgp_large_community', 'bgp_origin'])})`,
      () => `(bgp_origin ${random.pick(['=', '!='])} ${this.#origin()})`,
      () => `(source = ${random.pick(['RTS_STATIC', 'RTS_BGP'])})`,
    ];
  }
}
