// Owns one question to a Redis server: do you answer?
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";

const DEADLINE_MS = 2000;

/** Resolves when the server at a `redis:` or `rediss:` URL says PONG; rejects with the reason why it does not. */
export function pingRedis(url: string): Promise<void> {
  const { protocol, hostname, port, username, password } = new URL(url);
  const address = { host: hostname.replace(/^\[|\]$/g, "") || "127.0.0.1", port: Number(port || 6379) };
  const commands = ["PING"].map((name) => encode([name]));
  if (password !== "") commands.unshift(encode(credentials(username, password)));
  return new Promise((resolve, reject) => {
    const socket = protocol === "rediss:" ? connectTls({ ...address, servername: address.host }) : connectTcp(address);
    let answer = "";
    const finish = (error: Error | undefined): void => {
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    socket.setTimeout(DEADLINE_MS, () => finish(new Error("no answer in two seconds")));
    socket.once("error", finish);
    socket.once("close", () => finish(new Error("the connection was closed without an answer")));
    socket.on("data", (chunk: Buffer) => {
      answer += chunk.toString();
      if (answer.includes("+PONG\r\n")) return finish(undefined);
      const refusal = /^-(.*)\r\n/m.exec(answer);
      if (refusal !== null) finish(new Error(refusal[1]));
    });
    socket.write(commands.join(""));
  });
}

function credentials(username: string, password: string): string[] {
  const secret = decodeURIComponent(password);
  return username === "" ? ["AUTH", secret] : ["AUTH", decodeURIComponent(username), secret];
}

function encode(words: readonly string[]): string {
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${parts.join("")}`;
}
