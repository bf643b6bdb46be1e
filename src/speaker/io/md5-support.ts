/** Whether the kernel takes TCP MD5 keys: it may be built without them (CONFIG_TCP_MD5SIG). */
import { closeSocket, openTcpSocket, setMd5Key } from './socket-options.ts';

/** Tries a key on a socket of its own. Returns why it was refused; undefined where it was taken. */
export function md5Refusal(): string | undefined {
  const fd = openTcpSocket(4);
  try {
    setMd5Key(fd, { address: { version: 4, words: [0x7f00_0001] }, prefixLength: 32, password: 'probe' });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    closeSocket(fd);
  }
}
