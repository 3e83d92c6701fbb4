// Preloaded into servers that would listen on every interface: whatever they ask for, they listen on loopback.
// The handle is made here and not by way of a host name, because a host is looked up later, and some servers ask for
// their address in the line after `listen`.

'use strict';
const net = require('node:net');

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  const [first] = args;
  const asked = typeof first === 'object' && first !== null ? first.port : first;
  if (asked !== undefined && !/^\d+$/.test(asked)) return listen.apply(this, args);
  const handle = net._createServerHandle('127.0.0.1', Number(asked ?? 0), 4);
  if (typeof handle === 'number') {
    process.nextTick(() => this.emit('error', new Error(`cannot listen on 127.0.0.1:${asked}: ${handle}`)));
    return this;
  }
  const listening = args.find((arg) => typeof arg === 'function');
  return listening ? listen.call(this, handle, listening) : listen.call(this, handle);
};
