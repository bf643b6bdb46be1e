/** Certificates for tests, made with openssl. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

function openssl(folder: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
}

const newKey = (name: string): string[] => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];

/** Makes `NAME.pem` and `NAME.key` of an authority in a folder. */
export function makeAuthority(folder: string, name: string): void {
  openssl(
    folder,
    'req',
    '-x509',
    ...newKey(name),
    '-out',
    `${name}.pem`,
    '-days',
    '2',
    '-subj',
    `/CN=${name}`,
  );
}

/** Makes `NAME.pem` and `NAME.key`, signed by an authority of the folder, of whoever has an address. */
export function makeCertificate(folder: string, name: string, signer: string, address = '127.0.0.1'): void {
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=IP:${address}\n`);
  openssl(folder, 'req', ...newKey(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`);
  const authority = ['-CA', `${signer}.pem`, '-CAkey', `${signer}.key`, '-CAcreateserial'];
  const more = ['-days', '2', '-extfile', `${name}.ext`];
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, ...authority, ...more, '-out', `${name}.pem`);
}
