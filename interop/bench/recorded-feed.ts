/** The BGP messages of a BGP4MP or BGP4MP_ET file (RFC 6396) of one 4-octet-AS session, as one flat stream. */
export function updatesOf(mrt: Buffer): Buffer {
  const messages: Buffer[] = [];
  for (let at = 0; at + 12 <= mrt.length;) {
    const type = mrt.readUInt16BE(at + 4);
    const subtype = mrt.readUInt16BE(at + 6);
    const end = at + 12 + mrt.readUInt32BE(at + 8);
    // BGP4MP_ET puts microseconds before the record; subtype 4 is MESSAGE_AS4: two AS numbers, then
    // interface, address family and two IPv4 addresses.
    if ((type === 16 || type === 17) && subtype === 4) {
      messages.push(mrt.subarray(at + 12 + (type === 17 ? 4 : 0) + 20, end));
    }
    at = end;
  }
  return Buffer.concat(messages);
}
