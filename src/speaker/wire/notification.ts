/** NOTIFICATION (RFC 4271 section 4.5) with the shutdown communication of RFC 9003. */
import { bgpError, CEASE, ERROR, errorText, OPEN_ERROR, type BgpError } from './errors.ts';
import { HEADER_LENGTH, MAX_MESSAGE_LENGTH, MESSAGE } from './iana.ts';
import { newMessage } from './message.ts';

/** RFC 9003 section 2: the length octet allows no more. */
const MAX_COMMUNICATION = 255;

/** A whole NOTIFICATION; data that would make it longer than 4096 bytes is cut. */
export function encodeNotification(error: BgpError): Uint8Array {
  const dataLength = Math.min(error.data.length, MAX_MESSAGE_LENGTH - HEADER_LENGTH - 2);
  const bytes = newMessage(MESSAGE.notification, 2 + dataLength);
  bytes[HEADER_LENGTH] = error.code;
  bytes[HEADER_LENGTH + 1] = error.subcode;
  bytes.set(error.data.subarray(0, dataLength), HEADER_LENGTH + 2);
  return bytes;
}

/** The body `bytes[start, end)` of a NOTIFICATION, at least two bytes long; its data is copied. */
export function decodeNotification(bytes: Uint8Array, start: number, end: number): BgpError {
  return bgpError(bytes[start]!, bytes[start + 1]!, bytes.slice(start + 2, end));
}

/**
 * A Cease with a shutdown communication (RFC 9003 section 2), cut at a character boundary where it is longer than
 * 255 bytes of UTF-8. Without `message` the Cease carries no data.
 */
export function ceaseWith(subcode: number, message?: string): BgpError {
  if (!message) return bgpError(ERROR.cease, subcode);
  let text = new TextEncoder().encode(message);
  if (text.length > MAX_COMMUNICATION) {
    let length = MAX_COMMUNICATION;
    while (length > 0 && (text[length]! & 0xc0) === 0x80) length--;
    text = text.subarray(0, length);
  }
  const data = new Uint8Array(1 + text.length);
  data[0] = text.length;
  data.set(text, 1);
  return bgpError(ERROR.cease, subcode, data);
}

/**
 * The shutdown communication of a Cease / Administrative Shutdown or Reset, control characters replaced by spaces
 * (RFC 9003 section 6 warns of them); undefined where there is none or its length is wrong.
 */
export function shutdownCommunication(error: BgpError): string | undefined {
  if (error.code !== ERROR.cease) return undefined;
  if (error.subcode !== CEASE.administrativeShutdown && error.subcode !== CEASE.administrativeReset)
    return undefined;
  const length = error.data[0] ?? 0;
  if (length === 0 || length + 1 > error.data.length) return undefined;
  const text = new TextDecoder().decode(error.data.subarray(1, 1 + length));
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
}

/**
 * An error as a log line tells it: BIRD's text, then the shutdown communication, the offending number, or the first
 * 16 bytes of data in hexadecimal.
 */
export function describeNotification(error: BgpError): string {
  const text = errorText(error.code, error.subcode);
  const { data } = error;
  if (data.length === 0) return text;
  const isNumber =
    error.code === ERROR.openMessage &&
    (error.subcode === OPEN_ERROR.badPeerAs || error.subcode === OPEN_ERROR.unacceptableHoldTime) &&
    (data.length === 2 || data.length === 4);
  if (isNumber) return `${text}: ${data.reduce((value, byte) => value * 256 + byte, 0)}`;
  const communication = shutdownCommunication(error);
  if (communication !== undefined) return `${text}: "${communication}"`;
  const takesCommunication =
    error.code === ERROR.cease &&
    (error.subcode === CEASE.administrativeShutdown || error.subcode === CEASE.administrativeReset);
  if (takesCommunication && data[0] === 0) return text;
  return `${text}: ${Array.from(data.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
