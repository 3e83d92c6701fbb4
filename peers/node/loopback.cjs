// Preloaded into servers that would listen on every interface: whatever they ask for, they listen on loopback.

'use strict';
const net = require('node:net');

const listen = net.Server.prototype.listen;

net.Server.prototype.listen = function (...args) {
  const [first] = args;
  if (typeof first === 'object' && first !== null && first.port !== undefined) {
    args[0] = { ...first, host: '127.0.0.1' };
  } else if (typeof first === 'number' || /^\d+$/.test(first)) {
    const rest = args.slice(1).filter((arg) => typeof arg !== 'string');
    args = [Number(first), '127.0.0.1', ...rest];
  }
  return listen.apply(this, args);
};
