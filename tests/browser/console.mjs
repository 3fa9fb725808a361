// The console, alone.
import assert from 'node:assert';
import { PHONE, play, signIn } from './play.mjs';

const open = (browser, gatehouse, section = '', context = {}, email = 'carol.adams@acme.test') =>
    signIn(browser, gatehouse, email, context, `/login?return=${encodeURIComponent(`/console${section}`)}`);
const row = (page, name) => page.getByRole('row', { name });

await play({
    async 'an administrator withdraws access with a reason and sees the milliseconds'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse);
        await row(page, /Dana Okafor/).waitFor();
        await look(page, 'console-people');
        await page.getByRole('button', { name: 'Deactivate Dana Okafor' }).click();
        await page.getByLabel('Reason').fill('Left the company');
        await look(page, 'console-deactivate');
        await page.getByRole('button', { name: 'Withdraw access' }).click();
        await page.getByText(/withdrawn everywhere in 2\.10 ms: 0 connections, 1 session, 0 tokens ended/).waitFor();
        await row(page, /Dana Okafor.*deactivated/).waitFor();
        assert.strictEqual(gatehouse.state.revocations[0].reason, 'Left the company');
        await page.getByRole('link', { name: 'See the receipt' }).click();
        await page.getByText('Stored 1.24 ms').waitFor();
        await page.getByText('Every node confirmed 0.61 ms').waitFor();
        await page.getByText('Answered 0.25 ms').waitFor();
        await look(page, 'console-receipts');
    },
    async 'a deactivated person can be let in again'({ browser, gatehouse }) {
        const page = await open(browser, gatehouse);
        await page.getByRole('button', { name: 'Reactivate Gus Lindqvist' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Reactivate' }).click();
        await page.getByText('Gus Lindqvist may sign in again').waitFor();
        await row(page, /Gus Lindqvist.*active/).waitFor();
    },
    async 'a dialog closes with Escape, does nothing, and gives the focus back'({ browser, gatehouse }) {
        const page = await open(browser, gatehouse);
        const button = page.getByRole('button', { name: 'Deactivate Dana Okafor' });
        await button.click();
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').waitFor({ state: 'detached' });
        assert.ok(await button.evaluate((element) => element === document.activeElement));
        assert.strictEqual(gatehouse.state.revocations.length, 0);
    },
    async 'a refusal is shown in the dialog'({ browser, gatehouse }) {
        gatehouse.state.faults.set('POST /api/v1/users/u2/deactivate', 503);
        const page = await open(browser, gatehouse);
        await page.getByRole('button', { name: 'Deactivate Dana Okafor' }).click();
        await page.getByRole('button', { name: 'Withdraw access' }).click();
        assert.match(await page.getByRole('alert').textContent(), /cannot decide.*req-0001/s);
        gatehouse.state.faults.clear();
        await page.getByRole('button', { name: 'Withdraw access' }).click();
        await page.getByText(/withdrawn everywhere/).waitFor();
    },
    async 'people are searched, and long lists come in pages'({ browser, gatehouse }) {
        const { users } = gatehouse.state;
        for (let i = 10; i < 80; i++) users.push({ ...users[1], id: `n${i}`, display_name: `Person ${i}`, user_name: `p${i}`, email: `p${i}@acme.test` });
        const page = await open(browser, gatehouse);
        await page.getByRole('button', { name: 'Show more' }).click();
        await row(page, /Person 79/).waitFor();
        assert.strictEqual(await page.locator('tbody tr').count(), users.length);
        await page.getByLabel('Search people').fill('person 4');
        await row(page, /Person 50/).waitFor({ state: 'detached' });
        await row(page, /Person 41/).waitFor();
        await page.getByLabel('Search people').fill('nobody at all');
        await page.getByText('Nobody was found.').waitFor();
    },
    async 'a token is shown once, listed without its secret, and revoked'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse, '#tokens');
        await page.getByText('No tokens yet').waitFor();
        await look(page, 'console-tokens-empty');
        await page.getByRole('button', { name: 'New SCIM token' }).click();
        await page.getByLabel('Name').fill('Okta');
        await page.getByRole('button', { name: 'Make the token' }).click();
        const secret = await page.getByLabel('Token', { exact: true }).inputValue();
        assert.match(secret, /^ghs_/);
        await look(page, 'console-token-secret');
        await page.getByRole('button', { name: 'I have copied it' }).click();
        await row(page, /Okta/).waitFor();
        assert.ok(!(await page.content()).includes(secret));
        await look(page, 'console-tokens');
        await page.getByRole('button', { name: 'Revoke Okta' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
        await page.getByText('No tokens yet').waitFor();
    },
    async 'a provider is connected, checked and opened'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse, '#connections');
        await page.getByText('No connections yet').waitFor();
        await page.getByRole('button', { name: 'Connect a provider' }).click();
        await look(page, 'console-connect');
        await page.getByLabel('Name', { exact: true }).fill('Acme Login');
        await page.getByLabel('Issuer').fill('http://login.acme.test');
        await page.getByLabel('Client id').fill('gatehouse');
        await page.getByLabel('Client secret').fill('s3cret');
        await page.getByRole('button', { name: 'Connect', exact: true }).click();
        assert.match(await page.getByRole('alert').textContent(), /https address.*oidc\.issuer/s);
        await page.getByLabel('Issuer').fill('https://login.acme.test');
        await page.getByRole('button', { name: 'Connect', exact: true }).click();
        const dialog = page.getByRole('dialog');
        assert.match(await dialog.getByLabel('Redirect address').first().inputValue(), /\/oidc\/c1\/callback$/);
        await look(page, 'console-connected');
        await page.getByRole('button', { name: 'Done' }).click();
        await page.getByRole('button', { name: 'Let people in' }).click();
        await page.getByText('connection.untested').waitFor();
        await page.getByRole('button', { name: 'Check it' }).click();
        await page.getByText('The provider answers').waitFor();
        await page.getByRole('button', { name: 'Let people in' }).click();
        await page.getByText('enabled', { exact: true }).waitFor();
        await look(page, 'console-connections');
        await page.getByRole('button', { name: 'Close for people' }).click();
        await page.getByRole('button', { name: 'Close it' }).click();
        await page.getByText('disabled', { exact: true }).waitFor();
        assert.deepStrictEqual(gatehouse.state.secrets, ['s3cret']);
        assert.ok(!(await page.content()).includes('s3cret'));
    },
    async 'with a key of ours no secret is asked for or sent'({ browser, gatehouse }) {
        const page = await open(browser, gatehouse, '#connections');
        await page.getByRole('button', { name: 'Connect a provider' }).click();
        await page.getByLabel('Name', { exact: true }).fill('Keys');
        await page.getByLabel('Issuer').fill('https://keys.acme.test');
        await page.getByLabel('Client id').fill('gatehouse');
        await page.getByLabel('How we prove who we are').selectOption('private_key_jwt');
        assert.ok(await page.getByLabel('Client secret').isHidden());
        await page.getByText('More settings').click();
        await page.getByLabel('Domains').fill('acme.test, acme.example');
        await page.getByRole('button', { name: 'Connect', exact: true }).click();
        await page.getByRole('dialog').getByLabel('Our public keys').first().waitFor();
        assert.deepStrictEqual(gatehouse.state.connections[0].domains, ['acme.test', 'acme.example']);
        assert.deepStrictEqual(gatehouse.state.secrets, [undefined]);
    },
    async 'a domain is proved by its record and given up'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse, '#connections');
        await page.getByRole('button', { name: 'Add a domain' }).click();
        await page.getByLabel('Domain', { exact: true }).fill('acme.test');
        await page.keyboard.press('Enter');
        await page.getByText('pending', { exact: true }).waitFor();
        assert.strictEqual(await page.getByLabel('Name of the record').first().inputValue(), '_gatehouse-challenge.acme.test');
        await page.getByRole('button', { name: 'Look for the record' }).click();
        await page.getByText('The record is not there yet').waitFor();
        await look(page, 'console-domain');
        gatehouse.state.dns = ['_gatehouse-challenge.acme.test'];
        await page.getByRole('button', { name: 'Look for the record' }).click();
        await page.getByText('proved', { exact: true }).waitFor();
        await page.getByRole('button', { name: 'Remove acme.test' }).click();
        await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
        await page.getByText('No domains yet').waitFor();
    },
    async 'receipts of tokens and sessions say what they were about'({ browser, gatehouse }) {
        const receipt = { source: 'console', received_at: '2026-01-01T10:00:00.000100Z', committed_at: '2026-01-01T10:00:00.001100Z', answered_at: null,
            closed: { sockets: 0, sessions: 0, tokens: 1 }, nodes: [{ node: 'n1', acknowledged_ms: null }], duration_ms: null };
        gatehouse.state.revocations.push({ ...receipt, id: 'r1', kind: 'token', user: null, display_name: null },
            { ...receipt, id: 'r2', kind: 'session', user: 'u2', display_name: 'Dana Okafor' });
        const page = await open(browser, gatehouse, '#receipts');
        await page.getByRole('heading', { name: 'A token' }).waitFor();
        await page.getByRole('heading', { name: 'Dana Okafor, one session' }).waitFor();
        assert.match(await page.locator('article').first().textContent(), /under way.*Stored 1\.00 ms.*Confirmed by 0 nodes, 1 silent until the bound/s);
    },
    async 'a member is told that the console is not for them'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse, '', {}, 'dana.okafor@acme.test');
        await page.getByText('The console is for creators and administrators').waitFor();
        await look(page, 'console-refused');
    },
    async 'a session that ends while the console is open leaves a notice and no data'({ browser, gatehouse }) {
        const page = await open(browser, gatehouse);
        await row(page, /Dana Okafor/).waitFor();
        gatehouse.cut('u1', 'session.revoked');
        await page.getByLabel('Search people').fill('d');
        await page.getByRole('heading', { name: 'You have been signed out' }).waitFor();
        assert.ok(!(await page.content()).includes('Dana'));
    },
    async 'a list that cannot be loaded says so and can be tried again'({ browser, gatehouse, look }) {
        gatehouse.state.faults.set('GET /api/v1/users', 503);
        const page = await open(browser, gatehouse);
        await page.getByRole('alert').waitFor();
        await look(page, 'console-fault');
        gatehouse.state.faults.clear();
        await page.getByRole('button', { name: 'Try again' }).click();
        await row(page, /Dana Okafor/).waitFor();
    },
    async 'the console works on a phone and by keyboard'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse, '', PHONE);
        await row(page, /Dana Okafor/).waitFor();
        await look(page, 'console-phone');
        await page.keyboard.press('Tab');
        assert.strictEqual(await page.evaluate(() => document.activeElement.textContent), 'Skip to content');
        await page.keyboard.press('Enter');
        assert.strictEqual(await page.evaluate(() => document.activeElement.id), 'content');
        await row(page, /Dana Okafor/).waitFor();
    },
});
