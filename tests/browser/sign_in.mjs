// The sign-in pages, alone.
import assert from 'node:assert';
import { PHONE, play, signIn } from './play.mjs';

const begin = async (browser, gatehouse, email, path = '/login') => {
    const page = await browser.open(`${gatehouse.url}${path}`);
    await page.getByLabel('E-mail address').fill(email);
    await page.getByRole('button', { name: 'Continue' }).click();
    return page;
};

await play({
    async 'somebody signs in with the keyboard alone and comes to the messenger'({ browser, gatehouse }) {
        const page = await signIn(browser, gatehouse, 'carol.adams@acme.test');
        await page.getByRole('heading', { name: 'general' }).waitFor();
        assert.strictEqual(new URL(page.url()).pathname, '/');
    },
    async 'the page to return to is kept, when it is a page of ours'({ browser, gatehouse }) {
        const page = await signIn(browser, gatehouse, 'carol.adams@acme.test', {}, '/login?return=%2Fconsole%23receipts');
        await page.getByRole('heading', { name: 'Receipts' }).waitFor();
    },
    async 'a foreign address to return to is ignored'({ browser, gatehouse }) {
        for (const wanted of ['https://evil.test/', '//evil.test/', '/\\evil.test', '/\tevil', 'javascript:alert(1)']) {
            const page = await signIn(browser, gatehouse, 'carol.adams@acme.test', {}, `/login?return=${encodeURIComponent(wanted)}`);
            await page.getByRole('heading', { name: 'general' }).waitFor();
            assert.strictEqual(page.url(), `${gatehouse.url}/`, wanted);
        }
    },
    async 'whoever is signed in already is not asked again'({ browser, gatehouse }) {
        const page = await signIn(browser, gatehouse, 'carol.adams@acme.test');
        await page.getByRole('heading', { name: 'general' }).waitFor();
        await page.goto(`${gatehouse.url}/login?return=%2Fconsole`);
        await page.getByRole('heading', { name: 'People' }).waitFor();
    },
    async 'a wrong password is refused without a hint and the page stays usable'({ browser, gatehouse, look }) {
        const page = await begin(browser, gatehouse, 'carol.adams@acme.test');
        await page.getByLabel('Password').fill('wrong');
        await page.getByRole('button', { name: 'Sign in' }).click();
        const alert = page.getByRole('alert');
        await alert.waitFor();
        assert.match(await alert.textContent(), /did not work.*login\.refused.*req-0001/s);
        assert.strictEqual(await page.getByLabel('Password').inputValue(), '');
        await look(page, 'login-refused');
        await page.getByLabel('Password').fill(gatehouse.password);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'general' }).waitFor();
    },
    async 'a provider is offered first, a password on request'({ browser, gatehouse, look }) {
        const page = await begin(browser, gatehouse, 'eli@sso.test', '/login?return=%2Fconsole%23tokens');
        const link = page.getByRole('link', { name: 'Continue with Acme Login' });
        assert.strictEqual(await link.getAttribute('href'), '/oidc/c1/login?return=%2Fconsole%23tokens');
        assert.ok(await link.evaluate((element) => element === document.activeElement));
        await look(page, 'login-provider');
        await page.getByRole('button', { name: 'Use a password instead' }).click();
        await page.getByLabel('Organisation').fill('acme');
        await page.getByLabel('Password').waitFor();
        await page.getByRole('button', { name: 'Change' }).click();
        assert.strictEqual(await page.getByLabel('E-mail address').inputValue(), 'eli@sso.test');
    },
    async 'the page of an organisation asks for no slug and sends it'({ browser, gatehouse }) {
        const page = await begin(browser, gatehouse, 'carol.adams@acme.test', '/login/acme');
        await page.getByLabel('Password').fill(gatehouse.password);
        assert.strictEqual(await page.getByLabel('Organisation').count(), 0);
        await page.keyboard.press('Enter');
        await page.getByRole('heading', { name: 'general' }).waitFor();
    },
    async 'a server that cannot decide is a calm message with code and request id'({ browser, gatehouse }) {
        gatehouse.state.faults.set('POST /login/discover', 503);
        const page = await begin(browser, gatehouse, 'carol.adams@acme.test');
        assert.match(await page.getByRole('alert').textContent(), /cannot decide.*test\.fault.*req-0001/s);
        gatehouse.state.faults.clear();
        await page.getByRole('button', { name: 'Continue' }).click();
        await page.getByLabel('Password').waitFor();
    },
    async 'the sign-in page is a good page, also on a phone'({ browser, gatehouse, look }) {
        const page = await browser.open(`${gatehouse.url}/login`);
        await page.getByLabel('E-mail address').waitFor();
        await look(page, 'login');
        const small = await browser.open(`${gatehouse.url}/login`, PHONE);
        await small.getByLabel('E-mail address').waitFor();
        await look(small, 'login-phone');
    },
    async 'the footer leads to the source, but only over http'({ browser, gatehouse, look }) {
        const page = await browser.open(`${gatehouse.url}/logged-out`);
        await page.getByRole('link', { name: 'source of version 0.1.0' }).waitFor();
        assert.strictEqual(await page.locator('#source').getAttribute('href'), 'https://source.example/gatehouse');
        await look(page, 'logged-out');
        gatehouse.state.source = 'javascript:alert(1)';
        await page.reload();
        await page.waitForLoadState('networkidle');
        assert.strictEqual(await page.locator('#source').getAttribute('href'), '/version');
    },
});
