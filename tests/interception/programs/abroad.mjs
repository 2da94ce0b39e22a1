// Asks hosts that nobody answers for, in all the ways that Node has.
import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:tls';

const why = (error) => error.cause?.message ?? error.message;
for (const url of ['https://partner.example/', 'http://partner.example/', 'https://partner.example:8443/'])
  await fetch(url).catch((error) => console.log('fetch', why(error)));
for (const [module, url] of [
  [https, 'https://partner.example/'],
  [https, 'https://partner.example:8443/'],
  [http, 'http://partner.example:8080/'],
])
  await new Promise((resolve) => {
    module.get(url).on('error', (error) => resolve(console.log('request', why(error))));
  });
await new Promise((resolve) => {
  const socket = connect(443, 'partner.example');
  socket.on('error', (error) => resolve(console.log('connect', why(error))));
});
