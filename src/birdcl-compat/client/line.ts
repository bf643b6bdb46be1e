/** What a line that was typed means: something for the daemon, or for the client itself. */
import { JSON_WORD } from '../cli/json-word.ts';
import { expandCommand, helpLines } from '../cli/completion.ts';

export type Meaning =
  | { readonly kind: 'nothing' }
  /** For the daemon, abbreviations in full. */
  | { readonly kind: 'send'; readonly command: string }
  | { readonly kind: 'leave' }
  /** To be printed; `failed` where the line was wrong. */
  | { readonly kind: 'print'; readonly lines: readonly string[]; readonly failed: boolean };

/** Words that end a session, and that ask for help, as birdc knows them: beginnings of a line. */
const LEAVE = /^(quit|exit)/;
const HELP = /^help/;
const HELP_LINES = [
  "Press '?' for help about what has been typed, Tab to complete it.",
  'Up and down recall lines, Ctrl-C stops an answer, Ctrl-D or quit leaves.',
];

/** The word `json` that stands before a command, and the command. */
function split(line: string): { readonly before: string; readonly rest: string } {
  const match = new RegExp(`^\\s*${JSON_WORD}\\s+`).exec(line);
  return match ? { before: `${JSON_WORD} `, rest: line.slice(match[0].length) } : { before: '', rest: line };
}

/** The version of BIRD that a greeting names: 1, 2, 3, or 4 for whatever comes. Commands differ. */
export function versionOf(greeting: string): number {
  const match = /BIRD v?(\d+)\./.exec(greeting);
  return match ? Math.min(4, Math.max(1, Number(match[1]))) : 2;
}

/**
 * @param version of the daemon, whose commands abbreviations mean
 * @param json ask for the answers of `show` commands as JSON
 */
export function meaningOf(line: string, version: number, json = false): Meaning {
  const { before, rest } = split(line.trim());
  if (rest === '') return { kind: 'nothing' };
  if (LEAVE.test(rest)) return { kind: 'leave' };
  if (HELP.test(rest)) return { kind: 'print', lines: HELP_LINES, failed: false };
  if (rest.endsWith('?') && isHelpKey(rest.slice(0, -1))) {
    return { kind: 'print', lines: helpFor(rest.slice(0, -1), version), failed: false };
  }
  const { line: command, ambiguous } = expandCommand(rest, version);
  if (ambiguous) {
    const words = command.split(' ');
    const at = words.findIndex(
      (word, i) => i >= words.length - 1 || ambiguous.some((full) => full.startsWith(word)),
    );
    const known = words.slice(0, at);
    const lines = ambiguous.flatMap((word) => helpLines([...known, word].join(' '), version));
    return { kind: 'print', lines: ['Ambiguous command, possible expansions are:', ...lines], failed: true };
  }
  // What is no command here may be one of a daemon that is newer: it says so itself where it is not.
  const asked = json && before === '' && command.startsWith('show ') ? `${JSON_WORD} ` : before;
  return { kind: 'send', command: `${asked}${command}` };
}

/** Whether `?` behind this text asks for help; in quotes and in brackets it is itself. */
export function isHelpKey(before: string): boolean {
  let quoted = false;
  let brackets = 0;
  for (const character of before) {
    if (character === '"') quoted = !quoted;
    else if (!quoted && character === '[') brackets++;
    else if (!quoted && character === ']') brackets--;
  }
  return !quoted && brackets === 0;
}

/** What `?` shows behind this text. */
export function helpFor(line: string, version: number): string[] {
  const { rest } = split(line);
  const { ambiguous } = expandCommand(rest, version);
  if (ambiguous) return ambiguous.flatMap((word) => helpLines(word, version));
  return helpLines(rest, version);
}
