/** Floating-point numbers as Go's `strconv.FormatFloat` writes them. */

/** Decimal digits and where the point is: 0.DIGITS times 10 to the power of `point`. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

const bits = new DataView(new ArrayBuffer(8));

/** Mantissa and binary exponent of a number that is not negative: it is `mantissa * 2 ** exponent`. */
function split(value: number): { mantissa: bigint; exponent: number } {
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0) & ((1n << 63n) - 1n);
  const exponent = Number(raw >> 52n);
  const fraction = raw & ((1n << 52n) - 1n);
  return exponent === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: exponent - 1075 };
}

/** The fewest digits that read back as the same number. */
function shortest(value: number): Decimal {
  const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
  const digits = mantissa.replace('.', '').replace(/0+$/, '');
  return { digits, point: digits === '' ? 0 : Number(exponent) + 1 };
}

/** All digits. */
function exact(value: number): Decimal {
  const { mantissa, exponent } = split(value);
  if (mantissa === 0n) return { digits: '', point: 0 };
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const all = scaled.toString();
  const point = all.length - (exponent >= 0 ? 0 : -exponent);
  return { digits: all.replace(/0+$/, ''), point };
}

/** Rounds to so many digits, halves to the even one. */
function round({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: '', point: 0 };
  const kept = digits.slice(0, count);
  const rest = digits.slice(count);
  const odd = count > 0 && (kept.charCodeAt(count - 1) & 1) === 1;
  const up = rest[0]! > '5' || (rest[0] === '5' && (rest.length > 1 || odd));
  if (!up) return trimmed(kept, point);
  const raised = (BigInt(kept === '' ? '0' : kept) + 1n).toString();
  return trimmed(raised.padStart(count, '0'), raised.length > count ? point + 1 : point);
}

function trimmed(digits: string, point: number): Decimal {
  const short = digits.replace(/0+$/, '');
  return { digits: short, point: short === '' ? 0 : point };
}

function scientific({ digits, point }: Decimal, places: number, letter: string): string {
  const padded = digits.padEnd(places + 1, '0');
  const exponent = digits === '' ? 0 : point - 1;
  const size = String(Math.abs(exponent)).padStart(2, '0');
  const fraction = places > 0 ? `.${padded.slice(1, places + 1)}` : '';
  return `${padded[0] ?? '0'}${fraction}${letter}${exponent < 0 ? '-' : '+'}${size}`;
}

function plain({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places <= 0) return whole;
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(Math.min(-point, places)) + digits;
  return `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`;
}

function general(value: number, precision: number, letter: string): string {
  const isShortest = precision < 0;
  const wanted = precision === 0 ? 1 : precision;
  const decimal = isShortest ? shortest(value) : round(exact(value), wanted);
  const { digits, point } = decimal;
  let limit = wanted;
  if (limit > digits.length && digits.length >= point) limit = digits.length;
  if (isShortest) limit = 6;
  const exponent = point - 1;
  if (digits !== '' && (exponent < -4 || exponent >= limit)) {
    return scientific(decimal, digits.length - 1, letter);
  }
  return plain(decimal, Math.max(digits.length - point, 0));
}

/** `-0x1.8p+01`: the mantissa's digits in hexadecimal. */
function hexadecimal(value: number, precision: number, upper: boolean): string {
  let { mantissa, exponent } = split(value);
  if (mantissa === 0n) exponent = 0;
  else {
    while (mantissa < 1n << 52n) {
      mantissa <<= 1n;
      exponent--;
    }
    exponent += 52;
  }
  // One digit before the point and thirteen behind it, in 53 bits.
  if (precision >= 0 && precision < 13) {
    const dropped = BigInt(4 * (13 - precision));
    const rest = mantissa & ((1n << dropped) - 1n);
    const half = 1n << (dropped - 1n);
    mantissa >>= dropped;
    if (rest > half || (rest === half && (mantissa & 1n) === 1n)) mantissa++;
    mantissa <<= dropped;
    if (mantissa >= 1n << 53n) {
      mantissa >>= 1n;
      exponent++;
    }
  }
  const all = mantissa.toString(16).padStart(14, '0');
  const behind =
    precision < 0 ? all.slice(1).replace(/0+$/, '') : all.slice(1).padEnd(precision, '0').slice(0, precision);
  const size = String(Math.abs(exponent)).padStart(2, '0');
  const text = `0x${all[0]}${behind === '' ? '' : `.${behind}`}p${exponent < 0 ? '-' : '+'}${size}`;
  return upper ? text.toUpperCase() : text;
}

/**
 * A number as Go writes it, with a `-` where it is negative.
 * @param verb `e`, `E`, `f`, `g`, `G`, `b`, `x` or `X`
 * @param precision digits that the verb counts; -1 for as many as it takes to be exact
 */
export function formatFloat(value: number, verb: string, precision: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatPositive(Math.abs(value), verb, precision);
}

function formatPositive(value: number, verb: string, precision: number): string {
  switch (verb) {
    case 'e':
    case 'E': {
      const decimal = precision < 0 ? shortest(value) : round(exact(value), precision + 1);
      return scientific(decimal, precision < 0 ? Math.max(decimal.digits.length - 1, 0) : precision, verb);
    }
    case 'f': {
      const all = precision < 0 ? shortest(value) : exact(value);
      const decimal = precision < 0 ? all : round(all, all.point + precision);
      return plain(decimal, precision < 0 ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
    }
    case 'b': {
      const { mantissa, exponent } = split(value);
      return `${mantissa}p${exponent < 0 ? '' : '+'}${exponent}`;
    }
    case 'x':
    case 'X':
      return hexadecimal(value, precision, verb === 'X');
    default:
      return general(value, precision, verb === 'G' ? 'E' : 'e');
  }
}
