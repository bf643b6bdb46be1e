/** What a client makes of the command table: abbreviations in full, what may come next, and lines of help. */
import { COMMAND_TABLE, type CommandSpec, type ValueKind } from './command-table.ts';

/** Something that may stand next. */
export interface Candidate {
  /** The word, or a value's kind in angle brackets where values are not known. */
  readonly text: string;
  /** A line of help; empty where there is none. */
  readonly help: string;
  readonly isValue: boolean;
}

/** Rows of the table that a version of BIRD has, as a list of words each. */
function rows(version: number): { words: string[]; spec: CommandSpec }[] {
  return COMMAND_TABLE.filter(({ versions: [from, to] }) => version >= from && version <= to).map((spec) => ({
    words: spec.words.split(' '),
    spec,
  }));
}

function startsWith(word: string, typed: string): boolean {
  return word.startsWith(typed.toLowerCase());
}

/** Words of commands that follow those in full before `at`. */
function followers(prefix: readonly string[], version: number): string[] {
  const found = new Set<string>();
  for (const { words } of rows(version)) {
    if (words.length > prefix.length && prefix.every((word, i) => words[i] === word))
      found.add(words[prefix.length]!);
  }
  return [...found];
}

export interface Expansion {
  /** The line with the command's words in full; arguments stay as they are. */
  readonly line: string;
  /** Undefined where the words make no command yet. */
  readonly spec?: CommandSpec;
  /** What a word that means several things may mean. */
  readonly ambiguous?: readonly string[];
}

/** Expands abbreviations as birdc does: `sh ro` is `show route`. */
export function expandCommand(line: string, version = 2): Expansion {
  const parts = line
    .trim()
    .split(/\s+/)
    .filter((part) => part !== '');
  const full: string[] = [];
  let i = 0;
  for (; i < parts.length; i++) {
    const next = followers(full, version);
    const typed = parts[i]!;
    const matches = next.includes(typed) ? [typed] : next.filter((word) => startsWith(word, typed));
    if (matches.length === 0) break;
    if (matches.length > 1) {
      return { line: [...full, ...parts.slice(i)].join(' '), ambiguous: matches };
    }
    full.push(matches[0]!);
  }
  const spec = rows(version).find(({ words }) => words.join(' ') === full.join(' '))?.spec;
  // Arguments keep their spaces: they may be in quotes.
  const rest = line.trim().split(/\s+/).slice(0, i).length === i ? restOf(line, i) : '';
  return { line: [...full, ...(rest === '' ? [] : [rest])].join(' '), ...(spec && { spec }) };
}

/** What is behind the first `count` words. */
function restOf(line: string, count: number): string {
  let rest = line.trim();
  for (let i = 0; i < count; i++) rest = rest.replace(/^\S+\s*/, '');
  return rest;
}

/**
 * What may complete the last word of a line, or follow it where the line ends with a space.
 * @param values names that exist of a kind, as far as the client knows them
 */
export function completions(
  line: string,
  version = 2,
  values: (kind: ValueKind) => readonly string[] = () => [],
): Candidate[] {
  const at = line.search(/\S*$/);
  const typed = line.slice(at);
  const { line: before, spec, ambiguous } = expandCommand(line.slice(0, at), version);
  if (ambiguous) return [];
  const words = before === '' ? [] : before.split(' ');
  const found: Candidate[] = [];
  const own = spec?.words.split(' ').length ?? words.length;
  if (words.length <= own) {
    for (const word of followers(words, version)) {
      if (startsWith(word, typed))
        found.push({ text: word, help: helpOf([...words, word], version), isValue: false });
    }
  }
  if (!spec) return found;
  const expected = valueAfter(spec, words.at(-1));
  for (const { word, value } of expected ?? spec.arguments) {
    if (word !== undefined) {
      if (startsWith(word, typed)) found.push({ text: word, help: '', isValue: false });
      continue;
    }
    const known = values(value!).filter((name) => name.startsWith(typed));
    for (const name of known) found.push({ text: name, help: '', isValue: true });
    if (known.length === 0 && typed === '') found.push({ text: `<${value!}>`, help: '', isValue: true });
  }
  return found;
}

/** The value that the word before asks for; undefined where it asks for none. */
function valueAfter(spec: CommandSpec, word: string | undefined): CommandSpec['arguments'] | undefined {
  const found = spec.arguments.find(
    (argument) => argument.word?.split(' ').at(-1) === word && argument.value !== undefined,
  );
  return found && [{ value: found.value! }];
}

function helpOf(words: readonly string[], version: number): string {
  const exact = rows(version).find((candidate) => candidate.words.join(' ') === words.join(' '));
  return exact ? exact.spec.help : '…';
}

/** Lines of help for what has been typed, as `?` shows them. */
export function helpLines(line: string, version = 2): string[] {
  const { line: full, spec } = expandCommand(line, version);
  const words = full === '' ? [] : full.split(' ');
  const matching = rows(version).filter((candidate) =>
    words.slice(0, candidate.words.length).every((word, i) => candidate.words[i] === word),
  );
  const shown = matching.filter(
    (candidate) => !spec || candidate.words.length >= spec.words.split(' ').length,
  );
  return shown.map(({ spec: { words: name, usage, help } }) => {
    const left = usage === '' ? name : `${name} ${usage}`;
    return left.length > 40 ? `${left}\n${''.padEnd(40)} ${help}` : `${left.padEnd(40)} ${help}`;
  });
}
