// Good: it asks once, and leaves at once when its input ends.
const dgram = require('dgram');
const readline = require('readline');
const port = Number(process.argv[2]);
const keyboard = readline.createInterface({ input: process.stdin, output: process.stdout });

keyboard.on('close', () => process.exit(0));
keyboard.question('Celsius: ', (celsius) => {
  const socket = dgram.createSocket('udp4');
  let tries = 0;
  let timer;
  const leave = (words) => {
    console.log(words);
    keyboard.close();
  };
  const ask = () => {
    if (tries === 3) return leave('No answer.');
    tries += 1;
    socket.send(celsius, port, '127.0.0.1');
    timer = setTimeout(ask, 1000);
  };
  socket.on('message', (answer, from) => {
    if (from.port !== port) return;
    clearTimeout(timer);
    leave(`Fahrenheit: ${JSON.stringify(answer.toString())}`);
  });
  ask();
});
