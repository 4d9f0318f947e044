// Faulty: takes the beginning of the answer for the number. An answer may be a sentence.
const dgram = require('dgram');
const keyboard = require('readline').createInterface({ input: process.stdin });

function ask(celsius) {
  return new Promise((done) => {
    const socket = dgram.createSocket('udp4');
    let asked = 0, timer;
    const end = (words) => { clearInterval(timer); socket.close(); done(words); };
    const send = () => (asked++ < 3 ? socket.send(celsius, () => {}) : end('no answer'));
    socket.on('message', (answer) => end('Fahrenheit: ' + parseFloat(answer.toString())));
    socket.on('error', (error) => end(`no server: ${error.code}`));
    socket.connect(+process.argv[2], '127.0.0.1', () => { send(); timer = setInterval(send, 1000); });
  });
}

(async () => {
  for await (const line of keyboard) if (line.trim()) console.log(await ask(line.trim()));
})();
