// The plugin's certificate, by which the host knows this process from any other.
import "reflect-metadata"; // the library below needs it
import * as x509 from "@peculiar/x509";

const day = 24 * 60 * 60 * 1000;

/** A self-signed certificate for localhost on the curve P-256, for the life of this process. */
export async function newCertificate() {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=localhost",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - day), // a clock may be set back
    notAfter: new Date(Date.now() + 3650 * day),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectAlternativeNameExtension([{ type: "dns", value: "localhost" }]),
    ],
  });
  const key = Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    certificate: Buffer.from(certificate.toString("pem")),
    der: Buffer.from(certificate.rawData),
    key: Buffer.from(`-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`),
  };
}
