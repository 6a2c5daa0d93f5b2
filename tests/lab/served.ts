/** What a target shows to whoever asks. */
import { connect } from "node:tls";

/** SHA-256 of the leaf that a fresh handshake shows, lower-case hex. */
export function servedBy(url: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port: Number(port), rejectUnauthorized: false };
    const socket = connect({ ...options, servername: "web-1.example.com" }, () => {
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      resolve(fingerprint256.replaceAll(":", "").toLowerCase());
    });
    socket.on("error", reject);
  });
}
