// Owns that the suite's server listens on the loopback interface alone and serves no files of ours: it is loaded before it.
import { Server } from "node:net";
import { dirname } from "node:path";

const listen = Server.prototype.listen;

Object.assign(Server.prototype, {
  listen(this: Server, port: string): Server {
    return Reflect.apply(listen, this, [Number(port), "127.0.0.1"]) as Server;
  },
});

// The server takes a request of no case for the path of a file below its working directory.
process.chdir(dirname(process.env["npm_config_pidfile"] ?? ""));
