/** Commands about protocols that Catbird has not: they answer as BIRD does where none is configured. */
import { TOKEN } from '../conf/lexer.ts';
import { parseSelector, selectProtocols } from './arguments.ts';
import { CODE, CommandError } from './replies.ts';
import type { Handler } from './session.ts';

/** @param name as BIRD writes it */
export function absentProtocol(name: string): Handler {
  return (cursor, session) => {
    // Whatever else is asked for, there is no protocol to ask; a name of another protocol is worth telling.
    if (cursor.kind === TOKEN.word && session.view.config.symbols.get(cursor.textAfter(0))) {
      const [protocol] = selectProtocols(session, parseSelector(cursor, true));
      throw new CommandError(CODE.parseError, `${protocol!.name}: Not a ${name} protocol`);
    }
    throw new CommandError(CODE.parseError, `There is no ${name} protocol running`);
  };
}

export const noMplsDomain: Handler = () => {
  throw new CommandError(CODE.parseError, 'No MPLS domain defined');
};
