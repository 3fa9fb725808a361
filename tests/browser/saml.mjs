// SAML, seen by people, on the real server with a real SimpleSAMLphp: an administrator connects it in the console, tests it and
// opens it; a person signs in through it, is deactivated, reads what happened, and stays out.
//     saml.mjs GATEHOUSE
import assert from 'node:assert';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { inBrowser } from '../peers/browser.mjs';
import { House } from './house.mjs';
import { lookWith, PHONE } from './play.mjs';

const SSP = fileURLToPath(new URL('../peers/ssp', import.meta.url));
const run = promisify(execFile);
const house = new House(process.argv[2]);
const folder = path.join(house.folder, 'ssp');
const connected = (page) => page.getByText('Connected', { exact: true }).waitFor();
const panel = (page, title) => page.locator('section.panel').filter({ has: page.getByRole('heading', { name: title, level: 2 }) });

async function peer(...words) {
    const { stdout } = await run(SSP, words, { env: { ...process.env, OWNER: String(process.pid) } }).catch((error) => {
        if (error.code === 77) process.exit(77);
        throw error;
    });
    return Object.fromEntries(stdout.split('\n').filter(Boolean).map((line) => line.split(/=(.*)/s)));
}

// What the provider's administrator does with the address that the console shows.
async function registerAtProvider(metadata, variant) {
    const response = await fetch(metadata);
    assert.strictEqual(response.headers.get('content-type'), 'application/samlmetadata+xml');
    const known = path.join(folder, 'metadata'); // it keeps one file for each text; the newest is meant
    fs.readdirSync(known).filter((name) => name.startsWith('sp-')).forEach((name) => fs.rmSync(path.join(known, name)));
    const file = path.join(house.folder, 'sp.xml');
    fs.writeFileSync(file, await response.text(), { mode: 0o644 });
    await peer('add-sp', folder, variant, file);
}

// Whom the pages of one person talk to: us and, where people sign in, the provider.
const origins = new Set();
const watch = (page) => page.context().on('request', (request) => origins.add(new URL(request.url()).origin));

async function administrator(browser) {
    const page = await browser.open(`${house.url}/login/acme?return=%2Fconsole%23connections`);
    watch(page);
    await page.reload();
    await page.getByLabel('E-mail address').fill(house.creator.email);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Password').fill(house.creator.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    return page;
}

async function connects(page, look, provider) {
    await page.getByRole('button', { name: 'Connect a provider' }).click();
    await page.getByLabel('SAML 2.0').check();
    await page.getByLabel('Name', { exact: true }).fill('Acme Login');
    await page.getByLabel('Which product').selectOption('adfs');
    await page.getByText('compared to the letter').waitFor();
    await look(page, 'saml-connect');
    await page.getByLabel('Metadata address').fill('http://idp.acme.test/metadata');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    assert.match(await page.getByRole('alert').textContent(), /must begin with https.*connection\.metadata_url/s);
    await page.getByLabel('A file or its text').check();
    const metadata = await (await fetch(provider.ENTITY)).text();
    const broken = { name: 'page.xml', mimeType: 'text/xml', buffer: Buffer.from('<html>Sign in first</html>') };
    await page.getByLabel('Metadata (XML): choose a file').setInputFiles(broken);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    assert.match(await page.getByRole('alert').filter({ hasText: 'saml.metadata' }).textContent(), /metadata.*request \S+/s);
    await page.getByLabel('Metadata (XML): choose a file').setInputFiles({ name: 'idp.xml', mimeType: 'text/xml', buffer: Buffer.from(metadata) });
    await page.waitForFunction((text) => [...document.querySelectorAll('textarea')].some((area) => area.value === text), metadata);
    await page.getByLabel('Everybody whom the provider lets in').check();
    await page.getByLabel('Domains').fill('example.org');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('heading', { name: 'Acme Login', level: 1 }).waitFor();
    await panel(page, 'The provider').getByText(provider.SSO).waitFor();
}

async function seesAddresses(page, look) {
    const needs = panel(page, 'What your provider needs');
    const metadata = await needs.getByRole('textbox', { name: 'Metadata address, also our entity ID' }).inputValue();
    assert.match(metadata, new RegExp(`^${house.url}/saml/[-0-9a-f]+/metadata$`));
    assert.strictEqual(await needs.getByRole('textbox', { name: 'Assertion consumer service' }).inputValue(), metadata.replace(/metadata$/, 'acs'));
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write'], { origin: house.url });
    await needs.getByRole('button', { name: 'Copy Metadata address' }).click();
    await needs.getByText('Copied').waitFor();
    assert.strictEqual(await page.evaluate(() => navigator.clipboard.readText()), metadata);
    await look(page, 'saml-new');
    return metadata;
}

async function atProvider(page, name) {
    await page.locator('#username').fill(name);
    await page.locator('#password').fill(`${name}pw`);
    await page.locator('#password').press('Enter');
}

// Nothing is signed: the person reads a plain page, the administrator the reason.
async function testFails(page, look) {
    await page.getByRole('button', { name: 'Test sign-in' }).click();
    await atProvider(page, 'alice');
    await page.getByRole('heading', { name: 'Your sign-in was not accepted' }).waitFor();
    const id = await page.locator('dd code').nth(1).textContent();
    assert.ok(!(await page.content()).includes('saml.unsigned'));
    await look(page, 'saml-refused');
    await page.getByRole('link', { name: 'See the reason in the console' }).click();
    const record = page.locator('[data-reason="saml.unsigned"]');
    await record.getByText('What has to be signed is not').waitFor();
    assert.ok((await record.textContent()).includes(id));
    assert.match(await record.textContent(), /test/);
    await record.getByText('More about the answer').click();
    await look(page, 'saml-records');
    await page.getByRole('button', { name: 'Let people in' }).click();
    await page.getByText('Nobody has signed in as a test').waitFor();
}

async function testWorks(page, look) {
    await page.getByRole('button', { name: 'Test sign-in' }).click();
    await page.getByRole('heading', { name: 'The test sign-in worked' }).waitFor(); // alice is still signed in there
    assert.match(await page.locator('dl').textContent(), /alice@example\.org.*staff.*admins/s);
    await look(page, 'saml-tested');
    await page.getByRole('link', { name: 'Back to the console' }).click();
    await page.getByText('The test sign-in worked. Now let people in.').waitFor();
    assert.ok(!(await page.content()).includes('alice')); // shown once, kept nowhere
}

async function changesSettings(page, look) {
    const settings = panel(page, 'Settings');
    await settings.getByText('Show and change').click();
    await settings.getByLabel('Accept SHA-1 signatures').check();
    await settings.getByText('SHA-1 can be forged').waitFor();
    await settings.getByRole('button', { name: 'Add a group' }).click();
    await settings.getByLabel('Group', { exact: true }).fill('admins');
    await settings.getByLabel('Role', { exact: true }).selectOption('admin');
    await look(page, 'saml-settings');
    await settings.getByLabel('Format of names to ask for').selectOption({ label: 'Transient (needs an attribute that names the person)' });
    await settings.getByRole('button', { name: 'Save' }).click();
    assert.match(await settings.getByRole('alert').textContent(), /transient name knows nobody again.*connection\.name_id_format/s);
    await settings.getByLabel('Format of names to ask for').selectOption('');
    await settings.getByLabel('Accept SHA-1 signatures').uncheck();
    assert.strictEqual(await settings.getByText('SHA-1 can be forged').count(), 0);
    await settings.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Not open to people yet').waitFor();
    await settings.getByText('Show and change').click();
    assert.strictEqual(await settings.getByLabel('Group', { exact: true }).inputValue(), 'admins');
    assert.strictEqual(await settings.getByLabel('Accept SHA-1 signatures').isChecked(), false);
}

async function opens(page, look) {
    await page.getByRole('button', { name: 'Let people in' }).click();
    await page.getByText('People sign in through it.').waitFor();
    await page.setViewportSize(PHONE.viewport);
    await look(page, 'saml-enabled-phone');
    await page.setViewportSize({ width: 1100, height: 720 });
    await page.getByRole('link', { name: 'All connections' }).click();
    await page.getByRole('article').filter({ hasText: 'Acme Login' }).getByText('enabled', { exact: true }).waitFor();
    const name = await page.getByLabel('Name of the record').first().inputValue();
    house.records.set(name, await page.getByLabel('Text of the record').first().inputValue());
    await page.getByRole('button', { name: 'Look for the record' }).click();
    await page.getByText('proved', { exact: true }).waitFor();
    await look(page, 'saml-list');
}

async function signsIn(browser, name, look) {
    const page = await browser.open(`${house.url}/`);
    watch(page);
    await page.getByLabel('E-mail address').fill(`${name}@example.org`);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: 'Continue with Acme Login' }).waitFor();
    await look(page, 'saml-login');
    await page.getByRole('link', { name: 'Continue with Acme Login' }).click();
    await atProvider(page, name);
    await connected(page);
    return page;
}

// Publish, switch, drop: the person signed in before signs in after, with another key.
async function replacesKey(page, metadata, look) {
    await page.getByRole('link', { name: 'Acme Login' }).click();
    const keys = panel(page, 'Our keys');
    await keys.getByRole('button', { name: 'Publish a new key' }).click();
    await keys.getByText('Step 2:').waitFor();
    const [before] = await keys.locator('li code').allTextContents();
    await look(page, 'saml-keys');
    await registerAtProvider(metadata, 'signed-requests');
    await keys.getByRole('button', { name: 'Switch to the new key' }).click();
    await keys.getByText('Step 4:').waitFor();
    const [after] = await keys.locator('li code').allTextContents();
    assert.notStrictEqual(after, before);
    await page.getByRole('button', { name: 'Test sign-in' }).click();
    await page.getByRole('heading', { name: 'The test sign-in worked' }).waitFor();
    await page.getByRole('link', { name: 'Back to the console' }).click();
    await keys.getByRole('button', { name: 'Drop the old key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Drop it' }).click();
    await keys.getByText('Step 1:').waitFor();
    assert.deepStrictEqual(await keys.locator('li code').allTextContents(), [after]);
}

async function isDeactivated(page, bob, look) {
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('button', { name: 'Deactivate Bob B' }).click();
    await page.getByRole('button', { name: 'Withdraw access' }).click();
    await page.getByText(/withdrawn everywhere in [\d.]+ ms: 1 connection, 1 session/).waitFor();
    await bob.getByRole('heading', { name: 'Your access has been withdrawn' }).waitFor();
    await look(bob, 'saml-notice');
    await bob.goto(`${house.url}/login`);
    await bob.getByLabel('E-mail address').fill('bob@example.org');
    await bob.getByRole('button', { name: 'Continue' }).click();
    await bob.getByRole('link', { name: 'Continue with Acme Login' }).click(); // the provider still knows him
    await bob.getByRole('heading', { name: 'You cannot sign in here' }).waitFor();
    await bob.getByRole('link', { name: 'Go to the sign-in page' }).waitFor(); // the console is not for him
    await look(bob, 'saml-stays-out');
    await page.getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('link', { name: 'Acme Login' }).click();
    await page.locator('[data-reason="user.gone"]').getByText('The person is deactivated here').waitFor();
}

async function story(browser, provider) {
    const look = lookWith(browser);
    const page = await administrator(browser);
    await connects(page, look, provider);
    const metadata = await seesAddresses(page, look);
    await registerAtProvider(metadata, 'unsigned');
    await testFails(page, look);
    await registerAtProvider(metadata, 'both');
    await changesSettings(page, look);
    await testWorks(page, look);
    await opens(page, look);
    const bob = await signsIn(browser, 'bob', look);
    await replacesKey(page, metadata, look);
    await isDeactivated(page, bob, look);
    assert.deepStrictEqual([...origins].sort(), [house.url, new URL(provider.ENTITY).origin].sort());
}

try {
    const provider = await peer('start', folder);
    await house.start();
    await inBrowser({ timeout: 30_000 }, (browser) => story(browser, provider));
    console.log('ok: SAML, seen by people');
} catch (error) {
    console.log(house.process ? house.logTail() : '');
    throw error;
} finally {
    await run(SSP, ['stop', folder]).catch(() => {});
    await house.stop();
}
