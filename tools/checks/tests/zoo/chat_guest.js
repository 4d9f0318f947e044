// Good: Node, with its line editor at a terminal.
const net = require('net');
const readline = require('readline');

let unread = Buffer.alloc(0);
let lines = false;
let quiet;
const host = net.connect({ port: Number(process.argv[2]), host: '127.0.0.1', allowHalfOpen: true });
const keys = readline.createInterface({ input: process.stdin, output: process.stdout });

function leave(status) {
  keys.close();
  host.destroy();
  process.exit(status);
}

function show(message) {
  const text = message.toString('utf8').replace(/\r$/, '');
  if (!text) return;
  console.log('host:', text.replace(/[\x00-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16)}`));
  if (text === 'byebye') leave(0);
}

host.on('data', (piece) => {
  clearTimeout(quiet);
  unread = Buffer.concat([unread, piece]);
  let end;
  while ((end = unread.indexOf(10)) >= 0) {
    lines = true;
    const message = unread.subarray(0, end);
    unread = unread.subarray(end + 1);
    show(message);
  }
  if (unread.length && !lines) {
    quiet = setTimeout(() => {
      const message = unread;
      unread = Buffer.alloc(0);
      show(message);
    }, 200);
  }
});
host.on('end', () => {
  show(unread);
  console.log('the host has left');
  leave(0);
});
host.on('error', (error) => {
  console.error('no connection:', error.message);
  leave(1);
});
keys.on('line', (line) => {
  if (line) host.write(line + '\n');
  if (line === 'byebye') host.end();
});
keys.on('close', () => host.end());
