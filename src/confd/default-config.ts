/** What a reflector that was given nothing does (`builtin/reflector`): something to try at once, on this machine only. */

export const DEFAULT_PORT = 1790;
export const DEFAULT_AS = 65000;
