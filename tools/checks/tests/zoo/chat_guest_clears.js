// Good: clears its prompt before each message, with sequences of its own.
const net = require('net');
const readline = require('readline');

const keyboard = readline.createInterface({ input: process.stdin, output: process.stdout, prompt: 'me: ' });
const host = net.connect(Number(process.argv[2]), '127.0.0.1', () => keyboard.prompt());
host.setEncoding('utf8');
let text = '';
let hasLines = false;
let quiet;

function show(message) {
  readline.clearLine(process.stdout, 0);
  readline.cursorTo(process.stdout, 0);
  if (message === 'byebye') process.exit(0);
  console.log('host: ' + message.replace(/\p{Cc}/gu, '?'));
  keyboard.prompt(true);
}

host.on('data', (piece) => {
  clearTimeout(quiet);
  hasLines ||= piece.includes('\n');
  const lines = (text + piece).split('\n');
  text = lines.pop();
  lines.forEach(show);
  if (!hasLines && text) quiet = setTimeout(() => { show(text); text = ''; }, 200);
});
host.on('end', () => {
  if (text) show(text);
  console.log('the host has left');
  process.exit(0);
});
host.on('error', (error) => {
  console.log(`the connection broke: ${error.message}`);
  process.exit(1);
});
keyboard.on('line', (line) => {
  if (line === 'byebye') return host.end('byebye');
  if (line) host.write(line + '\n');
  keyboard.prompt();
});
keyboard.on('close', () => host.end());
