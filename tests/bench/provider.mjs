// A small OpenID provider and the browsers that sign in with it, in one process, so that the server has a core of its own.
// Standard input: one line of JSON per order, {"connection", "base", "people", "count", "concurrency"}; the answer is one line.
// Environment: PORT, KEY and CRT (files), SECRET (of client "gatehouse").
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import readline from 'node:readline';

const port = Number(process.env.PORT);
const issuer = `https://127.0.0.1:${port}`;
const tls = { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CRT) };
const { privateKey, publicKey } = crypto.generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg: 'RS256' }] };
const client = `Basic ${Buffer.from(`gatehouse:${process.env.SECRET}`).toString('base64')}`;
const metadata = {
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    jwks_uri: `${issuer}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    code_challenge_methods_supported: ['S256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    authorization_response_iss_parameter_supported: true,
};
const codes = new Map();
const asked = { metadata: 0, jwks: 0, authorize: 0, token: 0, connections: 0 };

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function idToken({ sub, nonce, audience }) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: issuer, sub, aud: audience, exp: now + 300, iat: now, nonce, name: `Person ${sub}`, preferred_username: sub };
    const input = `${base64({ alg: 'RS256', kid: 'k1', typ: 'JWT' })}.${base64(claims)}`;
    return `${input}.${crypto.sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`;
}

function authorize(query, response) {
    const code = crypto.randomBytes(16).toString('base64url');
    codes.set(code, {
        sub: query.get('login_hint') ?? response.req.headers['x-person'],
        nonce: query.get('nonce'),
        audience: query.get('client_id'),
        challenge: query.get('code_challenge'),
        redirect: query.get('redirect_uri'),
    });
    const back = new URL(query.get('redirect_uri'));
    for (const [name, value] of Object.entries({ code, state: query.get('state'), iss: issuer })) back.searchParams.set(name, value);
    response.writeHead(302, { Location: back.href }).end();
}

function token(form, request, response) {
    const grant = codes.get(form.get('code'));
    codes.delete(form.get('code'));
    const proof = crypto.createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const isGood =
        grant && request.headers.authorization === client && grant.challenge === proof && grant.redirect === form.get('redirect_uri');
    if (!isGood) {
        json(response, 400, { error: 'invalid_grant' });
        return;
    }
    json(response, 200, { access_token: crypto.randomBytes(16).toString('base64url'), token_type: 'Bearer', expires_in: 300, id_token: idToken(grant) });
}

function json(response, status, body) {
    const text = JSON.stringify(body);
    response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text), 'Cache-Control': 'no-store' });
    response.end(text);
}

const provider = https.createServer(tls, async (request, response) => {
    const url = new URL(request.url, issuer);
    let body = '';
    for await (const piece of request) body += piece;
    asked[url.pathname.split('/').pop().replace('openid-configuration', 'metadata')]++;
    if (url.pathname === '/.well-known/openid-configuration') json(response, 200, metadata);
    else if (url.pathname === '/jwks') json(response, 200, jwks);
    else if (url.pathname === '/authorize') authorize(url.searchParams, response);
    else if (url.pathname === '/token') token(new URLSearchParams(body), request, response);
    else json(response, 404, {});
});
provider.on('secureConnection', () => asked.connections++);
provider.keepAliveTimeout = 60000;

const plain = new http.Agent({ keepAlive: true });
const secure = new https.Agent({ keepAlive: true, ca: tls.cert });

// The server allows an address some sign-ins a minute: every browser has one of its own.
let browsers = 0;
const ownAddress = () => `127.1.${(browsers >> 6) & 63}.${(browsers++ & 63) + 1}`;

function get(url, headers, localAddress) {
    return new Promise((resolve, reject) => {
        const [module, agent] = url.startsWith('https:') ? [https, secure] : [http, plain];
        const request = module.get(url, { headers, agent, localAddress }, (response) => {
            let body = '';
            response.on('data', (piece) => (body += piece));
            response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
        });
        request.on('error', reject);
    });
}

const cookiesOf = (answer) =>
    (answer.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]).filter((pair) => !pair.endsWith('='));

// One browser without a past: to the server, to the provider, back to the server. Throws unless it ends signed in.
async function signIn(order, person) {
    const address = ownAddress();
    const start = await get(`${order.base}/oidc/${order.connection}/login`, {}, address);
    if (start.status !== 302 && start.status !== 303) throw new Error(`login ${start.status} ${start.body}`);
    const there = await get(start.headers.location, { 'X-Person': person });
    const back = await get(there.headers.location, { Cookie: cookiesOf(start).join('; ') }, address);
    if ((back.status !== 302 && back.status !== 303) || !cookiesOf(back).some((pair) => /^(__Host-)?gatehouse=./.test(pair)))
        throw new Error(`callback ${back.status} ${back.headers.location ?? ''} ${back.body}`);
}

async function carryOut(order) {
    const before = { ...asked };
    const start = process.hrtime.bigint();
    let next = 0;
    const browser = async () => {
        while (next < order.count) await signIn(order, `person${next++ % order.people}`);
    };
    await Promise.all(Array.from({ length: order.concurrency }, browser));
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    const calls = Object.fromEntries(Object.entries(asked).map(([name, count]) => [name, count - before[name]]));
    return { sign_ins: order.count, seconds, per_second: order.count / seconds, provider: calls };
}

provider.listen(port, '127.0.0.1', async () => {
    console.log(JSON.stringify({ issuer }));
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const answer = await carryOut(JSON.parse(line)).catch((error) => ({ error: error.message }));
        console.log(JSON.stringify(answer));
    }
    process.exit(0);
});
