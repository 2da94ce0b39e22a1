// An app that speaks to SendPulse with fetch.
const api = 'https://api.sendpulse.com';
const { SENDPULSE_CLIENT_ID: client_id, SENDPULSE_CLIENT_SECRET: client_secret } = process.env;
const asked = await fetch(`${api}/oauth/access_token`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ grant_type: 'client_credentials', client_id, client_secret }),
});
const { access_token: token } = await asked.json();
const sent = await fetch(`${api}/events/name/registration`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  body: JSON.stringify({ email: 'ann@example.com', phone: '+380501234567' }),
});
console.log(asked.status, sent.status, JSON.stringify(await sent.json()));
// What is kept open for further calls must not keep the process.
await new Promise(setImmediate);
console.log('held by', process.getActiveResourcesInfo().filter((name) => name.startsWith('TCP')).length);
