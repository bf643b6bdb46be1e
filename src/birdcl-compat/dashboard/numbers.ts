/** Numbers, times and rates in few characters. */

const UNITS = ['', 'k', 'M', 'G', 'T'];

/** In at most `width` characters (4 at least): `12345`, `123k`, `1.2M`. */
export function shortNumber(value: number, width: number): string {
  let text = String(Math.round(value));
  if (text.length <= width) return text;
  let scaled = value;
  for (const unit of UNITS.slice(1)) {
    scaled /= 1000;
    const whole = String(Math.round(scaled));
    text = `${scaled < 9.95 ? scaled.toFixed(1) : whole}${unit}`;
    if (text.length <= width) return text;
  }
  return text;
}

/** A rate: small ones with a decimal, nothing for none. */
export function rateText(perSecond: number | undefined, width: number): string {
  if (perSecond === undefined) return '-';
  if (perSecond === 0) return '0';
  return perSecond < 9.95 ? perSecond.toFixed(1) : shortNumber(perSecond, width);
}

/** `512`, `12kB`, `3.4MB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'kB', 'MB', 'GB']) {
    if (value < 1000 || unit === 'GB') {
      return `${value < 9.95 && unit !== 'B' ? value.toFixed(1) : Math.round(value)}${unit}`;
    }
    value /= 1024;
  }
  return '';
}

/** Bytes behind, where being behind by none is the rule. */
export function lagText(bytes: number): string {
  return bytes === 0 ? '0' : bytesText(bytes);
}

/** The two largest units: `12s`, `3m05`, `2h13`, `4d02`, `31w2`. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  const two = (value: number): string => String(value).padStart(2, '0');
  if (minutes === 0) return `${seconds}s`;
  if (hours === 0) return `${minutes}m${two(seconds % 60)}`;
  if (days === 0) return `${hours}h${two(minutes % 60)}`;
  if (days < 14) return `${days}d${two(hours % 24)}`;
  return `${Math.floor(days / 7)}w${days % 7}`;
}

const BLOCKS = '▁▂▃▄▅▆▇█';
const ASCII_BLOCKS = '.:-=+*#@';

/**
 * The latest `width` values as a row of bars, the largest of them as high as a bar gets. Values that are missing are
 * blank, zero is the lowest bar.
 */
export function sparkline(values: readonly number[], width: number, unicode: boolean): string {
  const shown = values.slice(-width);
  const most = Math.max(...shown, 0);
  const bars = unicode ? BLOCKS : ASCII_BLOCKS;
  const text = shown
    .map((value) => bars[value <= 0 ? 0 : Math.max(1, Math.round((value / most) * (bars.length - 1)))]!)
    .join('');
  return text.padStart(width);
}
