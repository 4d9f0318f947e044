// After "byebye" it closes its sending side, and ends when the host has closed the other.
const net = require('node:net'), readline = require('node:readline');
const host = net.connect(Number(process.argv[2]), '127.0.0.1');
const keyboard = readline.createInterface({ input: process.stdin });
let held = Buffer.alloc(0), over = false;
function leave(why) {
  if (over) return;
  over = true;
  if (why) console.log(why);
  host.end();
  keyboard.close();
}
host.on('data', (bytes) => {
  held = Buffer.concat([held, bytes]);
  for (let end; !over && (end = held.indexOf('\n')) >= 0; held = held.subarray(end + 1)) {
    const message = held.subarray(0, end).toString();
    if (message === 'byebye') leave(); else console.log(JSON.stringify(message));
  }
});
host.on('end', () => leave('the host has left'));
host.on('error', (error) => leave(error.code));
keyboard.on('line', (line) => {
  if (line === 'byebye') { host.write(line); leave(); } else if (line) host.write(line + '\n');
});
keyboard.on('close', () => leave());
