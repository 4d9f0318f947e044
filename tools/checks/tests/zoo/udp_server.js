// Good: Node.
const dgram = require('dgram');
const server = dgram.createSocket('udp4');
server.on('message', (request, client) => {
  const text = request.toString('utf8').trim();
  const celsius = /^[+-]?\d+(\.\d+)?$/.test(text) && text.length < 100 ? Number(text) : NaN;
  const fahrenheit = celsius * 1.8 + 32;
  const answer = Number.isFinite(fahrenheit) && celsius >= -273.15
    ? JSON.stringify({ celsius, fahrenheit })
    : JSON.stringify({ error: 'no temperature' });
  server.send(answer, client.port, client.address);
});
server.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
server.bind(Number(process.argv[2]), '127.0.0.1');
