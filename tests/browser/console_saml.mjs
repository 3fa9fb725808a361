// The page of a SAML connection, alone: what a real provider does only in bad weather. saml.mjs plays the good days.
import assert from 'node:assert';
import { PHONE, play, signIn } from './play.mjs';

const open = async (browser, gatehouse, context = {}) => {
    const page = await signIn(browser, gatehouse, 'carol.adams@acme.test', context, `/login?return=${encodeURIComponent('/console#connections')}`);
    await page.getByRole('heading', { name: 'Connections' }).waitFor();
    return page;
};
const connect = async (page, fill) => {
    await page.getByRole('button', { name: 'Connect a provider' }).click();
    await page.getByLabel('SAML 2.0').check();
    await page.getByLabel('Name', { exact: true }).fill('Acme');
    await fill(page);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await page.getByRole('heading', { name: 'Acme', level: 1 }).waitFor();
    await page.getByText('Entity ID', { exact: true }).first().waitFor();
};
const byUrl = (page) => page.getByLabel('Metadata address').fill('https://login.microsoftonline.com/acme/metadata');
const reload = async (page) => {
    await page.reload();
    await page.getByText('Entity ID', { exact: true }).first().waitFor();
};
const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

await play({
    async 'a change of entity ID and address waits until somebody accepts what they saw'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse);
        await connect(page, byUrl);
        const { state } = gatehouse;
        const { entity_id, sign_on, logout, certificates, valid_until } = state.provider;
        state.provider.pending = { entity_id, sign_on: [{ binding: 'post', location: 'https://new.acme.test/sso' }], logout, certificates, valid_until, hash: 'h1', changes: ['endpoints'] };
        await reload(page);
        const change = page.getByRole('group', { name: 'A change waits' });
        assert.match(await change.textContent(), /changed its addresses.*Gone: https:\/\/idp\.acme\.test\/sso \(redirect\)New: https:\/\/new\.acme\.test\/sso \(post\)/s);
        assert.doesNotMatch(await change.textContent(), /Certificates/); // what stays is not in the difference
        await look(page, 'saml-change');
        state.provider.pending = { ...state.provider.pending, entity_id: 'https://other.test', hash: 'h2', changes: ['entity_id', 'endpoints'] }; // meanwhile
        await page.getByRole('button', { name: 'Accept what it says now' }).click();
        assert.match(await change.getByRole('alert').textContent(), /Look at the difference once more.*saml\.provider_changed/s);
        assert.strictEqual(state.provider.entity_id, 'https://idp.acme.test');
        await reload(page);
        await change.getByText('https://other.test').waitFor();
        await page.getByRole('button', { name: 'Accept what it says now' }).click();
        await change.waitFor({ state: 'detached' });
        assert.strictEqual(state.provider.entity_id, 'https://other.test');
    },
    async 'a certificate that ends soon or has ended is marked, and so is a fetch that failed'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse);
        await connect(page, byUrl);
        const { state } = gatehouse;
        state.provider.certificates = [{ fingerprint: '01'.repeat(32), expires_at: inDays(6.5) }, { fingerprint: '02'.repeat(32), expires_at: inDays(-2) },
            { fingerprint: '03'.repeat(32), expires_at: inDays(31.5) }];
        Object.assign(state.provider, { failure: 'saml.metadata_fetch', failures: 3, unreadable_certificates: 1 });
        Object.assign(state.connections[0].health, { failure: 'saml.metadata_fetch', waits: true });
        await reload(page);
        assert.strictEqual(await page.locator('.badge.warn').filter({ hasText: 'ends in' }).textContent(), 'ends in 6 days');
        assert.strictEqual(await page.locator('.badge.bad').filter({ hasText: 'ended' }).count(), 1);
        await page.getByText(/last fetch of its metadata failed.*saml\.metadata_fetch/s).waitFor();
        await page.getByText('1 that cannot be used').waitFor();
        await look(page, 'saml-trouble');
        await page.getByRole('link', { name: 'All connections' }).click();
        await page.getByText('a change waits for you').waitFor();
        await page.getByText('metadata cannot be fetched').waitFor();
    },
    async 'a provider is typed in by hand, and only what was typed is sent'({ browser, gatehouse, look }) {
        const page = await open(browser, gatehouse, PHONE);
        await connect(page, async () => {
            await byUrl(page); // thought better of it
            await page.getByLabel('Typed in by hand').check();
            assert.ok(await page.getByLabel('Metadata address').isHidden());
            await page.getByLabel('Entity ID of the provider').fill('http://adfs.acme.test/adfs/services/trust');
            await page.getByLabel('Sign-on address').fill('https://adfs.acme.test/adfs/ls/');
            await page.getByLabel('Signing certificate', { exact: true }).fill('MIIB');
            await look(page, 'saml-by-hand-phone');
        });
        assert.deepStrictEqual(gatehouse.state.sent, { kind: 'saml', name: 'Acme', provisioning: 'match', entity_id: 'http://adfs.acme.test/adfs/services/trust',
            sso_url: 'https://adfs.acme.test/adfs/ls/', sso_binding: 'redirect', certificate: 'MIIB', metadata_signer: '' });
        assert.strictEqual(await page.getByLabel('Which product').inputValue(), 'adfs'); // known by its entity ID
        await page.getByText('Typed in: when its certificate changes').waitFor();
        await look(page, 'saml-new-phone');
    },
    async 'what a provider or a message says is text, whatever it looks like'({ browser, gatehouse }) {
        const evil = '<img src=x onerror="document.title=1">';
        const page = await open(browser, gatehouse);
        await connect(page, byUrl);
        const { state } = gatehouse;
        state.provider.entity_id = evil;
        state.refusals = [{ id: 'r1', at: inDays(-1), request_id: 'req-9', test: false, reason: 'saml.status', want: evil, got: evil,
            detail: { status_message: evil, [evil]: [evil, { [evil]: evil }], protection: null } }, { id: 'r2', at: inDays(-1), request_id: 'req-8', test: false,
            reason: 'new.reason', want: null, got: null, detail: null }];
        await reload(page);
        await page.getByText('The provider itself refused the sign-in').waitFor();
        await page.getByText('More about the answer').click();
        assert.ok((await page.locator('[data-reason="saml.status"]').textContent()).split(evil).length > 6);
        assert.strictEqual(await page.locator('main img').count(), 0);
        await page.getByText('Refused with new.reason.').waitFor(); // a newer server
    },
    async 'settings are sent as they stand, and lists as lists'({ browser, gatehouse }) {
        const page = await open(browser, gatehouse);
        await connect(page, byUrl);
        await page.getByText('Show and change').click();
        await page.getByLabel('Allow sign-in from the provider\'s portal').check();
        await page.getByLabel('Ways of signing in').fill('urn:a\n urn:b \n');
        await page.getByLabel('Compared with').selectOption('email');
        await page.getByLabel('Take encrypted answers').check();
        for (const group of ['staff', 'admins']) {
            await page.getByRole('button', { name: 'Add a group' }).click();
            await page.getByLabel('Group', { exact: true }).last().fill(group);
        }
        await page.getByRole('button', { name: 'Remove', exact: true }).first().click();
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('Opens what the provider encrypts').waitFor();
        const { sent } = gatehouse.state;
        assert.deepStrictEqual(sent.authn_contexts, ['urn:a', 'urn:b']);
        assert.deepStrictEqual(sent.match, { claim: 'email', attribute: 'email' });
        assert.deepStrictEqual(sent.roles, [{ group: 'admins', role: 'member' }]);
        assert.strictEqual(sent.idp_initiated, 'convert');
        assert.ok(!('entity_id' in sent) && !('metadata_url' in sent)); // settings are no new metadata
    },
    async 'a connection that is gone, and a session that ends, are said plainly'({ browser, gatehouse }) {
        const page = await open(browser, gatehouse);
        await connect(page, byUrl);
        await page.goto(`${gatehouse.url}/console#connections/unknown`);
        assert.match(await page.getByRole('alert').textContent(), /does not exist.*connection\.unknown/s);
        await page.getByRole('link', { name: 'All connections' }).click();
        await page.getByRole('link', { name: 'Acme' }).waitFor();
        gatehouse.cut('u1', 'session.revoked');
        await page.getByRole('link', { name: 'Acme' }).click();
        await page.getByRole('heading', { name: 'You have been signed out' }).waitFor();
        assert.ok(!(await page.content()).includes('microsoftonline'));
    },
});
