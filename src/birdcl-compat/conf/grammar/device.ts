/** `protocol device`. Catbird keeps no list of interfaces; the protocol is shown because scripts look for it. */
import { number, prefix, text } from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { accepted, refused, RuleTable } from '../rules.ts';
import { newProtocol, protocolRules } from './protocol.ts';
import type { ProtocolDraft, ProtocolGrammar } from './protocol.ts';
import { skipBlock } from './channel.ts';

/** `"eth*" { preferred … }`, `primary "eth0" 10.0.0.1`. */
const interfaceOption: ArgumentKind<undefined, undefined> = {
  parse(cursor) {
    do text.parse(cursor);
    while (cursor.accept(','));
    return skipBlock(cursor);
  },
  evaluate: () => undefined,
};

const primaryOption: ArgumentKind<undefined, undefined> = {
  parse(cursor) {
    if (!cursor.isAddress()) text.parse(cursor);
    if (cursor.isAddress() && cursor.textAfter(1) === '/') prefix.parse(cursor);
    else cursor.address();
    return undefined;
  },
  evaluate: () => undefined,
};

const NO_PREFERENCE =
  'Catbird uses the address that the system chooses; set `source address` in the protocol instead';

export const device: ProtocolGrammar<ProtocolDraft> = {
  word: 'device',
  defaultName: 'device',
  rules: new RuleTable<ProtocolDraft>([
    ...protocolRules<ProtocolDraft>(),
    // The system tells of its interfaces when asked; nothing is scanned.
    accepted('scan time', number),
    refused('interface', interfaceOption, NO_PREFERENCE),
    refused('primary', primaryOption, NO_PREFERENCE),
  ]),
  create: (debug) => newProtocol(debug),
  copy: (draft) => ({ ...draft }),
  finish: ({ name, disabled, description, debug }) => ({
    kind: 'device',
    name,
    disabled,
    ...(description === undefined ? {} : { description }),
    debug,
  }),
};
