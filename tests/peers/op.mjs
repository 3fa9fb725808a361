// An OpenID provider (oidc-provider) whose people need no password. Environment: PORT, KEY and CRT (files, for https),
// CLIENTS (JSON file), TOKEN_SECONDS. Clients may also register themselves: POST /reg (RFC 7591).
//
// Sign-in: &login_hint=alice needs no page, else a form whose POST login=alice signs in. Consent is implied, PKCE demanded.
// For tests: POST /__rotate puts new signing keys first and keeps the old ones, ?drop=1 forgets them;
// POST /__claims {"sub": {claim: value}} changes what is said about a person; GET /__events says what happened,
// GET /__counts how often each path was asked.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import Provider from 'oidc-provider';

const port = Number(process.env.PORT);
const tls = process.env.KEY && { key: fs.readFileSync(process.env.KEY), cert: fs.readFileSync(process.env.CRT) };
const issuer = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
const clients = process.env.CLIENTS ? JSON.parse(fs.readFileSync(process.env.CLIENTS, 'utf8')) : [];
const tokenSeconds = Number(process.env.TOKEN_SECONDS || 300);
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];

// One store for every Provider object: rotation makes a new one, which must know the old one's sessions.
const rows = new Map();
class Store {
    constructor(model) {
        this.model = model;
    }
    key(id) {
        return `${this.model}/${id}`;
    }
    async upsert(id, payload) {
        rows.set(this.key(id), payload);
    }
    async find(id) {
        return rows.get(this.key(id));
    }
    async findBy(field, value) {
        for (const [key, row] of rows) {
            if (key.startsWith(`${this.model}/`) && row[field] === value) return row;
        }
        return undefined;
    }
    async findByUid(uid) {
        return this.findBy('uid', uid);
    }
    async findByUserCode(code) {
        return this.findBy('userCode', code);
    }
    async consume(id) {
        rows.get(this.key(id)).consumed = Math.floor(Date.now() / 1000);
    }
    async destroy(id) {
        rows.delete(this.key(id));
    }
    async revokeByGrantId(grant) {
        for (const [key, row] of rows) {
            if (row.grantId === grant) rows.delete(key);
        }
    }
}

let keysMade = 0;
function newKey(type, options) {
    const { privateKey } = crypto.generateKeyPairSync(type, options);
    return { ...privateKey.export({ format: 'jwk' }), kid: `${type}-${++keysMade}`, use: 'sig' };
}
const newKeys = () => [newKey('rsa', { modulusLength: 2048 }), newKey('ec', { namedCurve: 'P-256' }), newKey('ed25519')];

let keys = newKeys();
let said = {};
const events = [];
const counts = {};
const cookieKey = crypto.randomBytes(16).toString('hex');

const claimsOf = (id) => ({
    sub: id, email: `${id}@example.org`, email_verified: true, name: `User ${id}`, preferred_username: id,
    groups: ['staff'], ...said[id],
});

async function impliedGrant({ oidc }) {
    const id = oidc.result?.consent?.grantId || oidc.session.grantIdFor(oidc.client.clientId);
    const known = id && await oidc.provider.Grant.find(id);
    if (known) return known;
    const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
    grant.addOIDCScope('openid offline_access email profile');
    await grant.save();
    return grant;
}

const confirmLogout = `<script>const form = document.forms[0];
form.insertAdjacentHTML('beforeend', '<input name=logout value=yes>'); form.submit();</script>`;

function newProvider() {
    const provider = new Provider(issuer, {
        clients,
        adapter: Store,
        jwks: { keys },
        // Its own guard would refuse back-channel calls to loopback.
        fetch: (url, { dispatcher, ...options }) => fetch(url, options),
        enabledJWA: {
            idTokenSigningAlgValues: algorithms,
            userinfoSigningAlgValues: algorithms,
            clientAuthSigningAlgValues: ['HS256', ...algorithms],
        },
        cookies: { keys: [cookieKey] },
        scopes: ['openid', 'offline_access', 'email', 'profile'],
        claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username', 'groups'] },
        conformIdTokenClaims: false,
        pkce: { required: () => true },
        findAccount: (_, id) => ({ accountId: id, claims: () => claimsOf(id) }),
        issueRefreshToken: (_, client) => client.grantTypeAllowed('refresh_token'),
        rotateRefreshToken: true,
        loadExistingGrant: impliedGrant,
        ttl: {
            AccessToken: tokenSeconds, IdToken: tokenSeconds, AuthorizationCode: 60, Interaction: 600,
            RefreshToken: 86400, Session: 86400, Grant: 86400,
        },
        features: {
            devInteractions: { enabled: false },
            backchannelLogout: { enabled: true },
            introspection: { enabled: true },
            registration: { enabled: true },
            revocation: { enabled: true },
            pushedAuthorizationRequests: { enabled: true },
            jwtUserinfo: { enabled: true },
            rpInitiatedLogout: {
                enabled: true,
                logoutSource(context, form) { // confirms itself in a browser; others POST the form with logout=yes
                    context.body = `<!doctype html>${form}${confirmLogout}`;
                },
            },
        },
        interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    });
    for (const name of ['backchannel.success', 'backchannel.error', 'grant.success', 'grant.error',
        'authorization.success', 'authorization.error', 'end_session.success', 'server_error']) {
        provider.on(name, (...given) => {
            const error = given.find((one) => one instanceof Error);
            events.push({ name, error: error && `${error.message} ${error.error_description || ''}` });
        });
    }
    return provider;
}

let provider = newProvider();
let answer = provider.callback();

async function bodyOf(request) {
    let body = '';
    for await (const chunk of request) body += chunk;
    return body;
}

async function signIn(request, response) {
    const details = await provider.interactionDetails(request, response);
    let login = details.params.login_hint;
    if (request.method === 'POST') login = new URLSearchParams(await bodyOf(request)).get('login');
    if (!login) {
        response.setHeader('content-type', 'text/html');
        response.end('<!doctype html><html lang=en><title>Provider</title><form method=post>'
            + '<label>Name <input name=login></label><button>Sign in</button></form>');
        return;
    }
    await provider.interactionFinished(request, response, { login: { accountId: login, amr: ['pwd'] } },
        { mergeWithLastSubmission: false });
}

async function handle(request, response) {
    const url = new URL(request.url, issuer);
    counts[url.pathname] = (counts[url.pathname] || 0) + 1;
    if (url.pathname === '/__counts') {
        response.end(JSON.stringify(counts));
    } else if (url.pathname === '/__events') {
        response.end(JSON.stringify(events));
    } else if (url.pathname === '/__claims' && request.method === 'POST') {
        said = JSON.parse(await bodyOf(request));
        response.end('{}');
    } else if (url.pathname === '/__rotate' && request.method === 'POST') {
        keys = url.searchParams.get('drop') ? newKeys() : [...newKeys(), ...keys];
        provider = newProvider();
        answer = provider.callback();
        response.end(JSON.stringify(keys.map((key) => key.kid)));
    } else if (url.pathname.startsWith('/interaction/')) {
        await signIn(request, response);
    } else {
        await answer(request, response);
    }
}

const listener = (request, response) => handle(request, response).catch((error) => {
    response.statusCode = 500;
    response.end(String(error.stack));
});
(tls ? https.createServer(tls, listener) : http.createServer(listener)).listen(port, '127.0.0.1');
