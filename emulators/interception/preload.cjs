'use strict';
// Loaded into every Node process by NODE_OPTIONS. Node's fetch (before 24) and its http and https modules heed no
// proxy variables, so connections that they open to other machines are led through the proxy here. That is done
// below them, where connections are made, so that agents and libraries of an app's own come along.

const http = require('node:http');
const https = require('node:https');
const { syncBuiltinESMExports } = require('node:module');
const net = require('node:net');
const { Duplex } = require('node:stream');
const tls = require('node:tls');

const HTTP = new Set(['http/1.1', 'h2']);
const MOST = 64 * 1024;

/** A connection to `host` through the proxy. What is written waits until the proxy has answered. */
class Tunnel extends Duplex {
  constructor(dial, proxy, host, port) {
    super({ allowHalfOpen: true });
    this.connecting = true;
    this.socket = dial({ host: proxy.hostname, port: Number(proxy.port) });
    this.place = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
    this.socket.on('timeout', () => this.emit('timeout'));
  }

  _construct(begin) {
    const { socket, place } = this;
    let answer = Buffer.alloc(0);
    const fail = (text) => done(Object.assign(new Error(text), { code: 'ERR_INTERCEPTED' }));
    const done = (error) => {
      socket.off('data', heard).off('end', ended).off('error', done);
      // Nobody may be listening to an error that comes later.
      socket.on('error', (late) => this.destroy(late));
      this.connecting = false;
      begin(error);
      if (!error) this.emit('connect');
    };
    const heard = (data) => {
      answer = Buffer.concat([answer, data]);
      const end = answer.indexOf('\r\n\r\n');
      if (end < 0) return answer.length > MOST ? fail(`no answer of a proxy to CONNECT ${place}`) : undefined;
      if (!/^HTTP\/1\.[01] 200 /.test(answer.subarray(0, 13).toString('latin1'))) return undefined;
      socket.pause();
      const rest = answer.subarray(end + 4);
      done();
      this.take(rest);
    };
    // A refusal says why, and the proxy closes the connection after it.
    const ended = () => fail(answer.toString().split('\r\n\r\n')[1]?.trim() || `no answer to CONNECT ${place}`);
    socket.on('data', heard).on('end', ended).on('error', done);
    socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
  }

  take(rest) {
    const { socket } = this;
    if (rest.length) this.push(rest);
    socket.on('data', (data) => this.push(data) || socket.pause());
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.resume();
  }

  _read() {
    if (!this.connecting) this.socket.resume();
  }

  _write(data, _encoding, done) {
    this.socket.write(data, done);
  }

  _final(done) {
    this.socket.end(done);
  }

  _destroy(error, done) {
    this.socket.destroy();
    done(error);
  }

  setTimeout(milliseconds, then) {
    if (then) this.once('timeout', then);
    this.socket.setTimeout(milliseconds);
    return this;
  }
}
for (const name of ['ref', 'unref', 'setNoDelay', 'setKeepAlive']) {
  Tunnel.prototype[name] = function (...words) {
    this.socket[name](...words);
    return this;
  };
}

/** The options of `connect(options, then)`, `connect(port, host, options, then)` and their kin. */
function read(words) {
  const options = {};
  for (const word of words) {
    if (typeof word === 'object' && word !== null) Object.assign(options, word);
    else if (typeof word === 'number') options.port ??= word;
    else if (typeof word === 'string') /^[0-9]+$/.test(word) ? (options.port ??= word) : (options.host ??= word);
  }
  const then = words.find((word) => typeof word === 'function');
  return { options, then };
}

/** Whether this is to be a connection to another machine, and nobody has opened it yet. */
function isAbroad(options) {
  const host = String(options.host ?? options.hostname ?? 'localhost').toLowerCase();
  const here = host === 'localhost' || host.endsWith('.localhost') || /^(127\.|\[?::1\]?$)/.test(host);
  return !here && !options.socket && !options.path && !options.socketPath && options.port !== undefined;
}

function install(proxy) {
  const connect = net.connect;
  const secure = tls.connect;
  const create = http.Agent.prototype.createConnection;
  const createSecure = https.Agent.prototype.createConnection;
  let asked = false;
  const tunnel = ({ host, hostname, port }) => new Tunnel(connect, proxy, host ?? hostname, port);

  tls.connect = function (...words) {
    const { options, then } = read(words);
    const offered = Array.isArray(options.ALPNProtocols) ? options.ALPNProtocols : [];
    const web = asked || Number(options.port) === 443 || offered.some((name) => HTTP.has(name));
    if (!web || !isAbroad(options)) return secure.apply(this, words);
    const through = tunnel(options);
    const servername = options.servername ?? (net.isIP(options.host) ? '' : options.host);
    const socket = secure.call(this, { ...options, servername, socket: through }, then);
    // An idle connection must not keep the process alive: TLS over a stream does not reach its socket.
    for (const name of ['ref', 'unref']) {
      const own = socket[name];
      socket[name] = function () {
        through[name]();
        return own.call(this);
      };
    }
    return socket;
  };

  http.Agent.prototype.createConnection = function (...words) {
    const { options } = read(words);
    return isAbroad(options) ? tunnel(options) : create.apply(this, words);
  };

  // Its connections are opened by tls.connect, which cannot tell them from those of a database.
  https.Agent.prototype.createConnection = function (...words) {
    asked = true;
    try {
      return createSecure.apply(this, words);
    } finally {
      asked = false;
    }
  };

  // fetch opens plain connections with this one, and so do databases: only the port tells them apart.
  net.connect = function (...words) {
    const { options, then } = read(words);
    if (Number(options.port) !== 80 || !isAbroad(options)) return connect.apply(this, words);
    const through = tunnel(options);
    return then ? through.once('connect', then) : through;
  };

  syncBuiltinESMExports();
}

if (process.env.EMULATORS_INTERCEPT) install(new URL(process.env.EMULATORS_INTERCEPT));
