// Plays the API of gateway/openapi/openapi.json for tests of the pages alone, with the real pages and the real content
// security policy. What the server itself does is not tested here.
//
//     const gatehouse = await startMock(bundleFolder);   gatehouse.url, .cut(userId, reason), .say(userId, text), .close()
// As a program (to look at pages while working on them): mock.mjs BUNDLE [PORT]
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { accept } from './mock_ws.mjs';

const HTML = fileURLToPath(new URL('../../gateway/web/html/', import.meta.url));
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };

const ORG = { id: 'o1', slug: 'acme', name: 'Acme', state: 'active' };
const PASSWORD = 'correct horse battery';

function person(id, name, role, state = 'active') {
    const local = name.toLowerCase().replaceAll(' ', '.');
    return { id, display_name: name, user_name: local, email: `${local}@acme.test`, state, roles: [role], external_id: null, directory_managed: role === 'member' };
}

function freshState() {
    const users = [person('u1', 'Carol Adams', 'creator'), person('u2', 'Dana Okafor', 'member'), person('u3', 'Eli Brandt', 'member'),
        person('u4', 'Fatima Rahal', 'admin'), person('u5', 'Gus Lindqvist', 'member', 'deactivated')];
    return {
        users, sessions: new Map(), sockets: new Set(), messages: [], seq: 0, tokens: [], revocations: [], connections: [], secrets: [], domains: [],
        conversations: [{ id: 'general', kind: 'group', name: 'general', members: users.map((user) => user.id) }],
        events: [], faults: new Map(), seen: [], source: 'https://source.example/gatehouse',
    };
}

export async function startMock(bundle, port = 0) {
    const state = freshState();
    const server = http.createServer((request, response) => {
        const chunks = [];
        request.on('data', (chunk) => chunks.push(chunk));
        request.on('end', () => answer(state, bundle, request, response, Buffer.concat(chunks).toString()));
    });
    server.on('upgrade', (request, socket) => upgrade(state, request, socket));
    await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
    return {
        state, password: PASSWORD, url: `http://127.0.0.1:${server.address().port}`,
        announce: (type, message) => announce(state, { type, seq: ++state.seq, message }, message.conversation),
        say: (user, text, conversation = 'general') => say(state, user, text, conversation),
        cut: (user, reason) => cut(state, user, reason),
        drop: (code, reason = '') => state.sockets.forEach((live) => (code ? live.close(code, reason) : live.drop())),
        close: () => {
            state.sockets.forEach((live) => live.drop());
            server.closeAllConnections();
            return new Promise((resolve) => server.close(resolve));
        },
    };
}

function cut(state, user, reason) {
    for (const [key, session] of state.sessions) if (session.user === user) state.sessions.delete(key);
    const mine = [...state.sockets].filter((live) => live.user === user);
    mine.forEach((live) => live.close(4401, reason));
    return mine.length;
}

function say(state, userId, text, conversation, nonce = crypto.randomUUID()) {
    const known = state.messages.find((message) => message.nonce === nonce);
    if (known) return known;
    const { id, display_name } = state.users.find((user) => user.id === userId);
    const message = { id: crypto.randomUUID(), conversation, sender: { id, display_name }, text, created_at: new Date().toISOString(), seq: ++state.seq };
    state.messages.push({ ...message, nonce });
    announce(state, { type: 'message.created', seq: message.seq, message }, conversation);
    return message;
}

function announce(state, event, conversation) {
    state.events.push(event);
    const { members } = state.conversations.find((item) => item.id === conversation);
    state.sockets.forEach((live) => members.includes(live.user) && live.send(event));
    return event;
}

const cookieOf = (request) => /(?:^|; )gatehouse=([0-9a-f]+)/.exec(request.headers.cookie ?? '')?.[1];

function upgrade(state, request, socket) {
    const session = state.sessions.get(cookieOf(request));
    const url = new URL(request.url, 'http://x');
    state.seen.push(request.url);
    const fault = state.faults.get('live');
    if (!session || fault) {
        socket.end(`HTTP/1.1 ${fault ?? 401} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
        return;
    }
    const live = accept(request, socket, 'gatehouse.v1');
    live.user = session.user;
    state.beforeHello?.();
    state.beforeHello = null;
    state.sockets.add(live);
    live.onClose = () => state.sockets.delete(live);
    live.onText = (text) => command(state, live, JSON.parse(text));
    const after = url.searchParams.get('resume');
    const seq = Number(after ?? state.seq);
    live.send({ type: 'hello', user: session.user, org: ORG.id, resume: String(seq), seq });
    if (after !== null) state.events.filter((event) => event.seq > Number(after)).forEach((event) => live.send(event));
}

function command(state, live, frame) {
    state.seen.push(`${frame.type} ${frame.conversation ?? ''} ${frame.seq ?? ''}`.trim());
    if (frame.type !== 'send') {
        live.send({ type: 'ack', id: frame.id });
        return;
    }
    if (frame.text.includes('refuse me')) {
        live.send({ type: 'error', id: frame.id, code: 'message.refused' });
        return;
    }
    const { id, seq, created_at } = say(state, live.user, frame.text, frame.conversation, frame.nonce);
    live.send({ type: 'ack', id: frame.id, message: { id, seq, created_at } });
}

function answer(state, bundle, request, response, body) {
    const url = new URL(request.url, 'http://x');
    state.seen.push(`${request.method} ${request.url}`);
    const page = fileFor(bundle, url.pathname);
    if (page) {
        response.writeHead(200, { 'Content-Type': TYPES[path.extname(page)], 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff' });
        response.end(fs.readFileSync(page));
        return;
    }
    const call = { state, request, url, body: body ? JSON.parse(body) : {}, response, session: state.sessions.get(cookieOf(request)) };
    const [status, value] = route(call);
    const type = status < 400 ? 'application/json' : 'application/problem+json';
    response.writeHead(status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
    const bytes = value === undefined ? '' : JSON.stringify(value);
    const late = state.late && `${request.method} ${url.pathname}` === state.late.call && state.late;
    if (!late) {
        response.end(bytes);
        return;
    }
    state.late = null; // something happens while this answer is on its way
    late.meanwhile();
    setTimeout(() => response.end(bytes), 300);
}

function fileFor(bundle, name) {
    if (name === '/') return `${HTML}messenger.html`;
    if (/^\/login(\/[^/]+)?$/.test(name) && name !== '/login/discover') return `${HTML}login.html`;
    if (name === '/console') return `${HTML}console.html`;
    if (name === '/logged-out') return `${HTML}logged-out.html`;
    if (name === '/assets/icon.svg') return `${HTML}icon.svg`;
    const asset = /^\/assets\/([a-z]+\.(?:js|css))$/.exec(name);
    return asset ? path.join(bundle, asset[1]) : null;
}

const problem = (status, code, detail = '') =>
    [status, { type: 'about:blank', title: 'Refused', status, detail, code, request_id: 'req-0001' }];
const list = (items, next = null) => [200, { items, next }];

function route(call) {
    const { state, request, url } = call;
    const key = `${request.method} ${url.pathname}`;
    for (const [pattern, status] of state.faults) {
        if (pattern === key) return problem(status, 'test.fault', 'A fault made by the test.');
    }
    for (const [method, pattern, access, handler] of ROUTES) {
        const match = method === request.method && pattern.exec(url.pathname);
        if (!match) continue;
        if (access !== 'all' && !call.session) return problem(401, 'credential.unknown');
        if (access !== 'all' && method !== 'GET' && request.headers['x-gatehouse-csrf'] !== call.session.csrf) return problem(403, 'csrf.missing');
        call.me = call.session && state.users.find((user) => user.id === call.session.user);
        if (access === 'admin' && !/creator|admin/.test(call.me.roles[0])) return problem(403, 'role.forbidden');
        return handler(call, match.groups ?? {});
    }
    return problem(404, 'route.unknown');
}

const ROUTES = [
    ['GET', /^\/version$/, 'all', ({ state }) => [200, { name: 'gatehouse', version: '0.1.0', source: state.source }]],
    ['POST', /^\/login\/discover$/, 'all', ({ body }) => [200, { methods: [
        ...(body.email.endsWith('@sso.test') ? [{ kind: 'oidc', name: 'Acme Login', url: '/oidc/c1/login?return=%2F' }] : []),
        { kind: 'password', org: body.org ?? (body.email.endsWith('@acme.test') ? 'acme' : null) }] }]],
    ['POST', /^\/api\/v1\/session$/, 'all', signIn],
    ['DELETE', /^\/api\/v1\/session$/, 'user', (call) => {
        call.state.sessions.delete(cookieOf(call.request));
        return [200, { redirect: null }];
    }],
    ['GET', /^\/api\/v1\/me$/, 'user', ({ me, session }) => [200, { user: me, org: ORG, csrf: session.csrf }]],
    ['GET', /^\/api\/v1\/users$/, 'user', listUsers],
    ['POST', /^\/api\/v1\/users\/(?<id>[^/]+)\/deactivate$/, 'admin', deactivate],
    ['POST', /^\/api\/v1\/users\/(?<id>[^/]+)\/reactivate$/, 'admin', ({ state }, { id }) => {
        const user = state.users.find((item) => item.id === id);
        user.state = 'active';
        return [200, { user }];
    }],
    ['GET', /^\/api\/v1\/revocations$/, 'admin', ({ state }) => list(state.revocations)],
    ['GET', /^\/api\/v1\/tokens$/, 'admin', ({ state }) => list(state.tokens)],
    ['POST', /^\/api\/v1\/tokens$/, 'admin', ({ state, body }) => {
        const token = { id: crypto.randomUUID(), kind: body.kind, name: body.name, created_at: new Date().toISOString(), expires_at: new Date(Date.now() + 9e10).toISOString(), last_used_at: null };
        state.tokens.push(token);
        return [201, { ...token, secret: `ghs_${crypto.randomBytes(24).toString('base64url')}` }];
    }],
    ['DELETE', /^\/api\/v1\/tokens\/(?<id>[^/]+)$/, 'admin', ({ state }, { id }) => {
        state.tokens = state.tokens.filter((token) => token.id !== id);
        return [204];
    }],
    ['GET', /^\/api\/v1\/connections$/, 'admin', ({ state }) => list(state.connections)],
    ['POST', /^\/api\/v1\/connections$/, 'admin', connect],
    ['GET', /^\/api\/v1\/connections\/(?<id>[^/]+)$/, 'admin', ({ state }, { id }) => {
        const connection = state.connections.find((item) => item.id === id);
        return connection ? [200, connection] : problem(404, 'connection.unknown', 'It does not exist.');
    }],
    ['GET', /^\/api\/v1\/connections\/(?<id>[^/]+)\/provider$/, 'admin', ({ state }) => [200, state.provider]],
    ['POST', /^\/api\/v1\/connections\/(?<id>[^/]+)\/provider\/accept$/, 'admin', acceptProvider],
    ['GET', /^\/api\/v1\/connections\/(?<id>[^/]+)\/keys$/, 'admin', ({ state }) => list(state.keys)],
    ['GET', /^\/api\/v1\/connections\/(?<id>[^/]+)\/logins$/, 'admin', ({ state }) => list(state.refusals ?? [])],
    ['PATCH', /^\/api\/v1\/connections\/(?<id>[^/]+)$/, 'admin', ({ state, body }, { id }) => {
        const connection = state.connections.find((item) => item.id === id);
        state.sent = body;
        Object.assign(connection, body);
        return [200, connection];
    }],
    ['POST', /^\/api\/v1\/connections\/(?<id>[^/]+)\/test$/, 'admin', ({ state }, { id }) => {
        const connection = state.connections.find((item) => item.id === id);
        const ok = !connection.issuer.includes('away');
        if (ok) connection.state = 'tested';
        return [200, { ok, checks: [{ check: 'discovery', ok, code: ok ? null : 'oidc.unreachable' }] }];
    }],
    ['POST', /^\/api\/v1\/connections\/(?<id>[^/]+)\/enable$/, 'admin', ({ state, body }, { id }) => {
        const connection = state.connections.find((item) => item.id === id);
        if (connection.state !== 'tested' && !body.untested) return problem(409, 'connection.untested', 'The connection was never tested.');
        connection.state = 'enabled';
        return [200, connection];
    }],
    ['GET', /^\/api\/v1\/domains$/, 'admin', ({ state }) => list(state.domains)],
    ['POST', /^\/api\/v1\/domains$/, 'admin', ({ state, body }) => {
        const domain = { id: body.domain, domain: body.domain, state: 'pending', txt_name: `_gatehouse-challenge.${body.domain}`, txt_value: 'gatehouse=b1946ac92492d2347c6235b4d2611184' };
        state.domains.push(domain);
        return [201, domain];
    }],
    ['POST', /^\/api\/v1\/domains\/(?<id>[^/]+)\/verify$/, 'admin', ({ state }, { id }) => {
        const domain = state.domains.find((item) => item.id === id);
        if (state.dns?.includes(domain.txt_name)) domain.state = 'proved';
        return [200, domain];
    }],
    ['DELETE', /^\/api\/v1\/domains\/(?<id>[^/]+)$/, 'admin', ({ state }, { id }) => {
        state.domains = state.domains.filter((domain) => domain.id !== id);
        return [204];
    }],
    ['GET', /^\/api\/v1\/conversations$/, 'user', ({ state, me }) => list(state.conversations
        .filter((item) => item.members.includes(me.id)).map((item) => ({ ...item, name: nameFor(state, item, me), unread: 0 })))],
    ['POST', /^\/api\/v1\/conversations$/, 'user', ({ state, me, body }) => {
        const id = `d-${[me.id, body.user_id].sort().join('-')}`;
        const known = state.conversations.find((item) => item.id === id);
        const conversation = known ?? { id, kind: 'direct', members: [me.id, body.user_id] };
        if (!known) state.conversations.push(conversation);
        return [known ? 200 : 201, { ...conversation, name: nameFor(state, conversation, me), unread: 0 }];
    }],
    ['GET', /^\/api\/v1\/conversations\/(?<id>[^/]+)\/messages$/, 'user', history],
];

function nameFor(state, conversation, me) {
    if (conversation.kind === 'group') return conversation.name;
    const other = conversation.members.find((id) => id !== me.id);
    return state.users.find((user) => user.id === other).display_name;
}

function signIn({ state, body, response }) {
    const user = state.users.find((item) => item.email === body.email && item.state === 'active');
    if (!user || body.password !== PASSWORD || body.org !== ORG.slug) return problem(401, 'login.refused');
    const key = crypto.randomBytes(16).toString('hex');
    const session = { user: user.id, csrf: crypto.randomBytes(8).toString('hex') };
    state.sessions.set(key, session);
    response.setHeader('Set-Cookie', `gatehouse=${key}; HttpOnly; SameSite=Lax; Path=/`);
    return [200, { user, org: ORG, csrf: session.csrf }];
}

function listUsers({ state, me, url }) {
    const wanted = (url.searchParams.get('filter') ?? '').toLowerCase();
    const found = state.users.filter((user) => [user.display_name, user.user_name, user.email].some((text) => text.toLowerCase().startsWith(wanted)));
    const after = Number(url.searchParams.get('cursor') ?? 0);
    const limit = Math.min(Number(url.searchParams.get('limit') ?? 50), 50);
    const page = found.slice(after, after + limit);
    const mayManage = /creator|admin/.test(me.roles[0]);
    return list(page.map((user) => (mayManage ? user : { id: user.id, display_name: user.display_name, state: user.state })),
        after + limit < found.length ? String(after + limit) : null);
}

function deactivate({ state, body }, { id }) {
    const user = state.users.find((item) => item.id === id);
    user.state = 'deactivated';
    const now = Date.now();
    const at = (us) => new Date(now + Math.floor(us / 1000)).toISOString();
    const revocation = {
        id: crypto.randomUUID(), kind: 'user', user: id, display_name: user.display_name, source: 'console', reason: body.reason ?? '', received_at: at(0), committed_at: at(1240),
        answered_at: at(2100), closed: { sockets: cut(state, id, 'user.deactivated'), sessions: 1, tokens: 0 }, nodes: [{ node: 'n1', acknowledged_ms: 0.61 }], commit_ms: 1.24, duration_ms: 2.1,
    };
    state.revocations.unshift(revocation);
    return [200, { user, revocation: { ...revocation, answered_at: null, duration_ms: null, closed: { sockets: 0, sessions: 1, tokens: 0 } } }]; // as at the commit
}

const NO_SETTINGS = { provisioning: 'match', match: { claim: 'name_id', attribute: 'user_name' }, must_sign: 'either', cbc: 'signed_response', allow_sha1: false,
    sign_requests: true, encryption: false, force_authn: false, email_trusted: false, idp_initiated: 'off', skew_s: 120, sp_entity_id: '', name_id_format: '',
    authn_contexts: [], subject_attribute: '', attributes: { user_name: '', email: '', display_name: '', groups: '' }, roles: [], entity_id: '', metadata_signer: '', ca_pem: '' };
const SIDE = { entity_id: 'https://idp.acme.test', sign_on: [{ binding: 'redirect', location: 'https://idp.acme.test/sso' }], logout: [],
    certificates: [{ fingerprint: 'ab'.repeat(32), expires_at: '2099-01-01T00:00:00Z' }], valid_until: null };

function connectSaml({ state, body, request }) {
    const id = `s${state.connections.length + 1}`;
    const base = `http://${request.headers.host}/saml/${id}`;
    const { metadata_url, metadata_xml, sso_url, certificate, ...settings } = body;
    const connection = { ...NO_SETTINGS, ...settings, id, state: 'new', tested_at: null, idp_metadata_url: metadata_url ?? '', metadata_url: `${base}/metadata`,
        acs_url: `${base}/acs`, slo_url: `${base}/slo`, login_url: `${base}/login`, health: { failure: null, waits: false } };
    state.connections.push(connection);
    state.sent = body;
    state.keys = ['signing', 'encryption'].map((use) => ({ id: `k-${use}`, use, state: 'active', fingerprint: 'cd'.repeat(32), certificate: 'PEM', expires_at: '2099-01-01T00:00:00Z' }));
    state.provider = { ...SIDE, kind: 'saml', origin: metadata_url ? 'url' : 'manual', url: metadata_url ?? null, unreadable_certificates: 0, fetched_at: null, good_at: null,
        next_at: null, failures: 0, failure: null, pending: null };
    return [201, connection];
}

function acceptProvider({ state, body }) {
    if (body.hash !== state.provider.pending.hash) return problem(409, 'saml.provider_changed');
    const { hash, changes, ...facts } = state.provider.pending;
    state.provider = { ...state.provider, ...facts, pending: null };
    return [200, state.provider];
}

function connect({ state, body, request }) {
    if (body.kind === 'saml') return connectSaml({ state, body, request });
    if (!/^https:/.test(body.issuer)) return problem(400, 'oidc.issuer', 'The issuer must be an https address.');
    const id = `c${state.connections.length + 1}`;
    const { client_secret, ...rest } = body;
    const base = `http://${request.headers.host}/oidc/${id}`;
    const connection = { ...rest, id, state: 'new', redirect_uri: `${base}/callback`, logout_redirect_uri: `${base}/logged-out`, jwks_uri: `${base}/jwks` };
    state.connections.push(connection);
    state.secrets.push(client_secret);
    return [201, connection];
}

function history({ state, url }, { id }) {
    const before = Number(url.searchParams.get('before') ?? Infinity);
    const limit = Number(url.searchParams.get('limit') ?? 50);
    const all = state.messages.filter((message) => message.conversation === id && message.seq < before);
    const items = all.slice(-limit).map(({ nonce, ...message }) => message);
    return list(items, all.length > limit ? String(items[0].seq) : null);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const mock = await startMock(process.argv[2], Number(process.argv[3] ?? 0));
    console.log(`${mock.url}/login (carol.adams@acme.test, ${PASSWORD})`);
}
