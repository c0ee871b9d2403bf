import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** PEM text: the certificate with the chain behind it, and its key. */
export type Certificate = { readonly cert: string; readonly key: string };

/** The certificate cannot serve this host. */
export class CertificateError extends Error {
  override name = 'CertificateError';
}

const certificateFrom = (pem: string): X509Certificate => {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new CertificateError('the certificate is no X.509 certificate in PEM', { cause: error });
  }
};

const keyFrom = (pem: string): KeyObject => {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new CertificateError('the key is no private key in PEM, without a password', {
      cause: error,
    });
  }
};

/**
 * Whether clients that are told `host` will take this certificate: they dial what gossip says, and
 * would fail one by one, each in its own words. Returns when it expires; one that has is no reason
 * not to start, since somebody may want to see that it has.
 */
export const checkCertificate = ({ cert, key }: Certificate, host: string): Date => {
  const certificate = certificateFrom(cert);
  if (!certificate.checkPrivateKey(keyFrom(key))) {
    throw new CertificateError('the key is not that of the certificate');
  }
  const covered = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  if (covered === undefined) {
    const names = certificate.subjectAltName ?? 'no name';
    throw new CertificateError(
      `the certificate is for ${names}, and clients are told to connect to ${host}`,
    );
  }
  return certificate.validToDate;
};
