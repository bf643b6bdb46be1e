/** Templates and keys that are made up from a seed. */

import type { Random } from '../base/random.ts';

const KEYS = ['/c/a', '/c/b', '/c/d', '/c/p/x', '/c/p/y', '/c/p/z', '/c/q/m/v', '/c/q/n/v'];
const NAMES = KEYS.map((key) => key.slice(2));
const VALUES = ['0', '1', '2', 'u,v', ''];

export function madeUpKeys(random: Random): Record<string, string> {
  return Object.fromEntries(KEYS.map((key) => [key, random.pick(VALUES)]));
}

/** A template of up to some dozen actions, in which `$s` and `$t` are texts. */
export function madeUpTemplate(random: Random): string {
  const body = nodes(random, 3, false);
  return `{{define "T"}}t {{.}}\n${nodes(random, 0, false)}{{end}}{{$s := "s"}}{{$t := ${text(random, false)}}}\n${body}`;
}

function nodes(random: Random, depth: number, inLoop: boolean): string {
  const count = 1 + random.below(4);
  return Array.from({ length: count }, () => node(random, depth, inLoop)).join('');
}

function node(random: Random, depth: number, inLoop: boolean): string {
  const isInner = depth < 3;
  const assigned = isInner && depth > 0 ? '$s' : random.pick(['$s', '$t']);
  const inner = (loop = inLoop): string => nodes(random, depth - 1, loop);
  switch (random.below(depth > 0 ? 12 : 4)) {
    case 0:
      return random.pick(['\n', 'word ', 'line\n', ' {{- ""}}']);
    case 1:
    case 2:
      return `{{${text(random, depth > 0)}}}${random.pick(['', ' ', '\n'])}`;
    case 3:
      if (depth === 0) return `x{{${text(random, false)}}}\n`;
      return `{{${assigned} = ${text(random)}}}`;
    case 4:
    case 5:
      return `{{if ${condition(random)}}}${inner()}{{end}}`;
    case 6:
      return `{{if ${condition(random)}}}${inner()}{{else if ${condition(random)}}}${inner()}{{else}}${inner()}{{end}}`;
    case 7:
      return `{{range gets "/p/*"}}{{.Key}} {{.Value}}${random.pick(['', '\n'])}${inner(true)}{{end}}`;
    case 8:
      return `{{range $e := ${random.pick([
        'ls "/p"',
        'lsdir "/q"',
        `split (getv "${random.pick(NAMES)}") ","`,
        'split "1 2 3" " "',
      ])}}}{{$e}}${random.pick([' ', '\n'])}${inner(true)}{{else}}${inner()}{{end}}`;
    case 9:
      return `{{with ${text(random)}}}{{.}} ${inner()}{{else}}${inner()}{{end}}`;
    case 10:
      return `{{template "T" ${text(random)}}}`;
    default:
      if (!inLoop) return `{{join (getvs "/p/*") "-"}}\n`;
      return `{{if ${condition(random)}}}${random.pick(['{{break}}', '{{continue}}'])}{{end}}`;
  }
}

function condition(random: Random): string {
  return random.pick([
    `eq ${operand(random)} "1"`,
    `eq ${operand(random)} ${operand(random)}`,
    `exists "${random.pick(NAMES)}"`,
    `exists "/none"`,
    operand(random),
    `and ${operand(random)} ${operand(random)}`,
    `not ${operand(random)}`,
    `gets "/p/*"`,
  ]);
}

function operand(random: Random): string {
  return random.pick([`(getv "${random.pick(NAMES)}")`, '$s', '$t', `(getv "/none" "1")`]);
}

/** An expression whose value is a text. */
function text(random: Random, hasVariables = true): string {
  const one = hasVariables ? operand(random) : `(getv "${random.pick(NAMES)}")`;
  const key = random.pick(NAMES);
  return random.pick([
    `getv "${key}"`,
    `printf "%s+%s" ${one} (getv "${key}")`,
    `${one} | printf "<%s>"`,
    `or ${one} "none"`,
    `(get "${key}").Value`,
    `replace ${one} "," "\\n" -1`,
    `index (getvs "/p/*") 1`,
    `(index (gets "/p/*") 0).Value`,
    '"constant"',
  ]);
}
