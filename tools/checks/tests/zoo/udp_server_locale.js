// Good: it writes numbers as people do in Sweden, with a comma and a minus sign of its own.
const server = require('dgram').createSocket('udp4');
const format = new Intl.NumberFormat('sv-SE', { maximumFractionDigits: 2 });
server.on('message', (request, client) => {
  const text = request.toString('utf8').trim();
  const celsius = /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  const fahrenheit = celsius * 1.8 + 32;
  const answer = Number.isFinite(fahrenheit) && celsius >= -273.15
    ? `${format.format(fahrenheit)} °F`
    : 'ingen temperatur';
  server.send(answer, client.port, client.address);
});
server.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
server.bind(Number(process.argv[2]), '127.0.0.1');
