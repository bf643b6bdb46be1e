/** Fields of a resource, read one by one: what is not of its kind is an error that names it. */

export class Fields {
  readonly #object: Readonly<Record<string, unknown>>;
  /** For messages: `spec`. */
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new Error(`${path || 'it'} is to be an object`);
    }
    this.#object = value as Readonly<Record<string, unknown>>;
    this.#path = path;
  }

  /** Empty where there is none. */
  text(name: string): string {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'string') return value ?? '';
    throw this.#wrong(name, 'a text');
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === '') return undefined;
    if ((values as readonly string[]).includes(value)) return value as T;
    throw this.#wrong(name, `one of ${values.join(', ')}`);
  }

  flag(name: string): boolean | undefined {
    const value = this.#get(name);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.#wrong(name, 'true or false');
  }

  /** A whole number from 0 up to a highest one. */
  number(name: string, highest: number): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= highest) return value;
    throw this.#wrong(name, `a whole number up to ${highest}`);
  }

  /** A number, or a text of one, also in two halves (`1.10`). */
  asNumber(name: string): number | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    const halves = /^(\d{1,5})\.(\d{1,5})$/.exec(String(value));
    const number =
      typeof value === 'string' && halves
        ? Number(halves[1]) > 65535 || Number(halves[2]) > 65535
          ? NaN
          : Number(halves[1]) * 65536 + Number(halves[2])
        : typeof value === 'string' && !/^\d{1,10}$/.test(value)
          ? NaN
          : Number(value);
    if (Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff) return number;
    throw this.#wrong(name, 'an AS number');
  }

  /** Seconds, rounded, from a duration as Go writes it: `1m30s`. */
  seconds(name: string): number | undefined {
    const text = this.text(name);
    if (text === '') return undefined;
    if (!/^(\d+(\.\d+)?(h|m|s|ms|us|µs|ns))+$/.test(text)) throw this.#wrong(name, 'a duration like 1m30s');
    let total = 0;
    for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)/g)) {
      total += Number(amount) * SECONDS[unit!]!;
    }
    return Math.round(total);
  }

  texts(name: string): readonly string[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value;
    throw this.#wrong(name, 'a list of texts');
  }

  /** The texts of an object, as labels are. */
  textMap(name: string): ReadonlyMap<string, string> {
    const value = this.#get(name);
    if (value === undefined) return new Map();
    const fields = Object.entries(new Fields(value, this.#pathOf(name)).#object);
    for (const [key, one] of fields) {
      if (typeof one !== 'string') throw this.#wrong(`${name}.${key}`, 'a text');
    }
    return new Map(fields as [string, string][]);
  }

  object(name: string): Fields | undefined {
    const value = this.#get(name);
    return value === undefined ? undefined : new Fields(value, this.#pathOf(name));
  }

  objects(name: string): readonly Fields[] | undefined {
    const value = this.#get(name);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw this.#wrong(name, 'a list');
    return value.map((one, i) => new Fields(one, `${this.#pathOf(name)}[${i}]`));
  }

  #get(name: string): unknown {
    const value = Object.hasOwn(this.#object, name) ? this.#object[name] : undefined;
    return value === null ? undefined : value;
  }

  #pathOf(name: string): string {
    return this.#path === '' ? name : `${this.#path}.${name}`;
  }

  #wrong(name: string, wanted: string): Error {
    return new Error(`${this.#pathOf(name)} is to be ${wanted}`);
  }
}

const SECONDS: Readonly<Record<string, number>> = {
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
  µs: 1e-6,
  ns: 1e-9,
};
