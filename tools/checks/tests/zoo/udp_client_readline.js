// Good: readline makes the terminal raw when the program has started. Each question has a socket.
const dgram = require('dgram');
const keyboard = require('readline').createInterface({
  input: process.stdin,
  output: process.stdout,
  prompt: 'Celsius: ',
});
const lines = [];
let closed = false;
let busy = false;

function next() {
  if (busy) return;
  const line = lines.shift();
  if (line === undefined) {
    if (closed) process.exit(0);
    keyboard.prompt();
  } else if (line.trim() === '' || !isFinite(line)) {
    console.log('that is no number');
    next();
  } else {
    busy = true;
    ask(line.trim());
  }
}

function ask(celsius) {
  const socket = dgram.createSocket('udp4');
  let tries = 0;
  let timer;
  const end = (text) => {
    clearTimeout(timer);
    socket.close();
    console.log(text);
    busy = false;
    next();
  };
  const send = () => {
    if (tries++ === 3) return end('no answer has come');
    socket.send(celsius);
    timer = setTimeout(send, 1500);
  };
  socket.on('message', (answer) => end(JSON.stringify(answer.toString())));
  socket.on('error', (error) => end('nobody is there: ' + error.code));
  socket.connect(Number(process.argv[2]), '127.0.0.1', send);
}

keyboard.on('line', (line) => {
  lines.push(line);
  next();
});
keyboard.on('close', () => {
  closed = true;
  next();
});
keyboard.prompt();
