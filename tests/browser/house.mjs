// A real Gatehouse and a real OpenID provider on loopback, in a folder of their own; both end with the test.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startNames } from './names.mjs';

const OP = fileURLToPath(new URL('../peers/op', import.meta.url));
const READY_MS = 30_000;
const run = promisify(execFile);

async function freePort() {
    const server = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.on('listening', resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    return port;
}

export class House {
    constructor(binary) {
        this.binary = path.resolve(binary);
        this.folder = fs.mkdtempSync(path.join(process.env.TMPDIR ?? os.tmpdir(), 'gatehouse-browser.'));
        fs.chmodSync(this.folder, 0o755);
        this.records = new Map(); // TXT records of the world
        this.creator = { email: 'carol@acme.test', password: 'a long pass phrase for carol' };
    }

    write(name, text) {
        fs.writeFileSync(path.join(this.folder, name), text, { mode: 0o600 });
        return path.join(this.folder, name);
    }

    async start() {
        [this.port, this.opsPort] = [await freePort(), await freePort()];
        this.url = `http://127.0.0.1:${this.port}`;
        this.names = await startNames(this.records);
        this.config = this.write('gatehouse.yaml', `outbound:\n  dns_server: ${this.names.address}\n  allow_addresses:\n    - "127.0.0.0/8"\n`);
        this.log = fs.openSync(path.join(this.folder, 'gatehouse.log'), 'a');
        await this.serve();
        await this.command('org', 'create', '--name', 'Acme', '--slug', 'acme', '--creator-email', this.creator.email,
            '--password-file', this.write('password', `${this.creator.password}\n`));
    }

    async serve() {
        this.process = spawn(this.binary, [...this.options(), 'serve', '--listen', `127.0.0.1:${this.port}`, '--ops-listen', `127.0.0.1:${this.opsPort}`,
            '--public-url', this.url], { stdio: ['ignore', this.log, this.log] });
        const deadline = Date.now() + READY_MS;
        for (;;) {
            const ready = await fetch(`http://127.0.0.1:${this.opsPort}/ready`).catch(() => null);
            if (ready?.ok) return;
            if (this.process.exitCode !== null || Date.now() > deadline) throw new Error(`the server does not get ready:\n${this.logTail()}`);
            await sleep(50);
        }
    }

    async restart() {
        await this.endServer();
        await this.serve();
    }

    async endServer() {
        if (!this.process || this.process.exitCode !== null) return;
        const ended = new Promise((resolve) => this.process.on('exit', resolve));
        this.process.kill('SIGTERM');
        const timer = setTimeout(() => this.process.kill('SIGKILL'), 15_000);
        await ended;
        clearTimeout(timer);
    }

    options() {
        return ['--config', this.config, '--data', path.join(this.folder, 'data')];
    }

    async command(...rest) {
        const { stdout } = await run(this.binary, [...this.options(), ...rest]);
        return stdout;
    }

    logTail() {
        return fs.readFileSync(path.join(this.folder, 'gatehouse.log'), 'utf8').split('\n').slice(-20).join('\n');
    }

    // The provider's first start makes its address and authority known; with clients it starts again in the same place.
    async startProvider(clients) {
        const folder = path.join(this.folder, 'op');
        if (this.provider) await run(OP, ['stop', folder]);
        const environment = { ...process.env, OWNER: String(process.pid) };
        if (clients) environment.CLIENTS = this.write('clients.json', JSON.stringify(clients));
        const { stdout } = await run(OP, ['start', folder], { env: environment }).catch((error) => {
            if (error.code === 77) process.exit(77);
            throw error;
        });
        const told = Object.fromEntries(stdout.split('\n').filter(Boolean).map((line) => line.split(/=(.*)/s)));
        this.provider = { issuer: told.ISSUER, ca: fs.readFileSync(told.CA ?? this.provider.caFile, 'utf8'), caFile: told.CA ?? this.provider.caFile };
    }

    async scim(token, method, where, body) {
        const response = await fetch(`${this.url}/scim/v2/${where}`, {
            method, headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/scim+json' }, body: JSON.stringify(body),
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`${method} ${where}: ${response.status} ${text}`);
        return text ? JSON.parse(text) : null;
    }

    async stop() {
        if (this.provider) await run(OP, ['stop', path.join(this.folder, 'op')]).catch(() => {});
        await this.endServer();
        this.names?.close();
        if (!process.env.KEEP) fs.rmSync(this.folder, { recursive: true, force: true });
    }
}
