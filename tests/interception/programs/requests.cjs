// An app that speaks to SendPulse with https.request: once with an agent of its own, as libraries do, once without.
const https = require('node:https');

const { SENDPULSE_CLIENT_ID: client_id, SENDPULSE_CLIENT_SECRET: client_secret } = process.env;
const own = new https.Agent({ keepAlive: true });

function call(method, path, token, data, agent) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  return new Promise((resolve, reject) => {
    const request = https.request({ host: 'api.sendpulse.com', port: 443, method, path, headers, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece) => (text += piece));
      answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
    });
    request.on('error', reject);
    request.setTimeout(20000, () => request.destroy(new Error('timed out')));
    request.end(JSON.stringify(data));
  });
}

async function main() {
  const credentials = { grant_type: 'client_credentials', client_id, client_secret };
  const { body } = await call('POST', '/oauth/access_token', null, credentials);
  for (const agent of [undefined, own, own]) {
    const event = { email: 'ann@example.com', phone: '+380501234567' };
    console.log((await call('POST', '/events/name/registration', body.access_token, event, agent)).status);
  }
  await new Promise(setImmediate);
  console.log('held by', process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length);
}

main();
