// The main job, seen by people, on the real server: a creator connects a provider and makes a token in the console, a person
// signs in through the provider and talks, the directory says over SCIM that they have left, and they read what happened.
//     story.mjs GATEHOUSE
import assert from 'node:assert';
import { inBrowser } from '../peers/browser.mjs';
import { House } from './house.mjs';
import { lookWith } from './play.mjs';

const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const house = new House(process.argv[2]);
const setActive = (token, id, active) => house.scim(token, 'PATCH', `Users/${id}`, { schemas: [PATCH], Operations: [{ op: 'replace', value: { active } }] });
const connected = (page) => page.getByText('Connected', { exact: true }).waitFor();
const write = async (page, text) => {
    await page.getByLabel('Message', { exact: true }).fill(text);
    await page.keyboard.press('Enter');
    await page.locator('.message:not(.pending)').getByText(text).waitFor();
};

async function creatorSignsIn(browser) {
    const page = await browser.open(`${house.url}/login/acme?return=%2Fconsole%23tokens`);
    await page.getByLabel('E-mail address').fill(house.creator.email);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('Password').fill('not the pass phrase');
    await page.getByRole('button', { name: 'Sign in' }).click();
    assert.match(await page.getByRole('alert').textContent(), /did not work.*request \S+/s);
    await page.getByLabel('Password').fill(house.creator.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Tokens' }).waitFor();
    return page;
}

async function makeToken(page, look) {
    await page.getByRole('button', { name: 'New SCIM token' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Directory');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const token = await page.getByLabel('Token', { exact: true }).inputValue();
    await page.getByRole('button', { name: 'I have copied it' }).click();
    await page.getByRole('row', { name: /Directory/ }).waitFor();
    await look(page, 'story-tokens');
    return token;
}

async function connectProvider(page, look) {
    await page.getByRole('link', { name: 'Connections' }).click();
    await page.getByRole('button', { name: 'Connect a provider' }).click();
    await page.getByLabel('Name', { exact: true }).fill('Acme Login');
    await page.getByLabel('Issuer').fill(house.provider.issuer);
    await page.getByLabel('Client id').fill('gatehouse');
    await page.getByLabel('Client secret').fill('a-client-secret-of-this-test');
    await page.getByText('More settings').click();
    await page.getByLabel('Compared with').selectOption('user_name');
    await page.getByLabel('Certificate authority').fill(house.provider.ca);
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    const redirect = await page.getByRole('dialog').getByLabel('Redirect address').first().inputValue();
    await page.getByRole('button', { name: 'Done' }).click();
    await house.startProvider([{ client_id: 'gatehouse', client_secret: 'a-client-secret-of-this-test', redirect_uris: [redirect],
        post_logout_redirect_uris: [redirect.replace(/callback$/, 'logged-out')], grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }]);
    await page.getByRole('button', { name: 'Check it' }).click();
    await page.getByText('The provider answers').waitFor();
    await page.getByRole('button', { name: 'Let people in' }).click();
    await page.getByRole('article').filter({ hasText: 'Acme Login' }).getByText('enabled', { exact: true }).waitFor();
    await proveDomain(page);
    await look(page, 'story-connections');
    return new URL(redirect).pathname.replace(/callback$/, 'login?return=%2F');
}

// With it, people find the provider by their e-mail address.
async function proveDomain(page) {
    await page.getByRole('button', { name: 'Add a domain' }).click();
    await page.getByLabel('Domain', { exact: true }).fill('acme.test');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    const name = await page.getByLabel('Name of the record').first().inputValue();
    const text = await page.getByLabel('Text of the record').first().inputValue();
    await page.getByRole('button', { name: 'Look for the record' }).click();
    await page.getByText('The record is not there yet').waitFor();
    house.records.set(name, text);
    await page.getByRole('button', { name: 'Look for the record' }).click();
    await page.getByText('proved', { exact: true }).waitFor();
}

async function byAddress(browser) {
    const page = await browser.open(`${house.url}/`);
    await page.getByLabel('E-mail address').fill('dana@acme.test');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('link', { name: 'Continue with Acme Login' }).click();
    await page.getByLabel('Name').fill('dana');
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
}

async function throughProvider(browser, loginPath, name) {
    const page = await browser.open(`${house.url}${loginPath}`);
    await page.getByLabel('Name').fill(name);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
}

// Both pages find back by themselves, and nothing is lost or doubled.
async function restarts(one, two) {
    await house.endServer();
    await one.getByText(/Reconnecting in/).waitFor();
    await one.getByLabel('Message', { exact: true }).fill('Written while the server was away');
    await one.keyboard.press('Enter');
    await house.serve();
    await two.getByText('Written while the server was away').waitFor();
    for (const page of [one, two]) {
        await connected(page);
        await page.locator('.pending').waitFor({ state: 'detached' });
        assert.strictEqual(await page.getByText('Written while the server was away').count(), 1);
    }
}

async function leaves(page, token, id, look) {
    const lives = [];
    page.on('websocket', (socket) => lives.push(socket.url()));
    await setActive(token, id, false);
    await page.getByRole('heading', { name: 'Your access has been withdrawn' }).waitFor();
    assert.ok(!(await page.content()).includes('See you at lunch'));
    await page.waitForTimeout(1500);
    assert.deepStrictEqual(lives, []);
    await look(page, 'story-notice');
    await page.reload();
    await page.getByLabel('E-mail address').waitFor();
}

async function consoleShows(page, look) {
    await page.getByRole('link', { name: 'Receipts' }).click();
    const receipt = page.locator('article').first();
    assert.match(await receipt.textContent(), /by SCIM.*Stored [\d.]+ ms.*Ended: 1 connection, 1 session/s);
    await look(page, 'story-receipts');
    await page.getByRole('link', { name: 'People' }).click();
    await page.getByRole('row', { name: /Dana Okafor.*deactivated/ }).waitFor();
    await look(page, 'story-people');
}

async function deactivatedInConsole(creator, page) {
    await creator.getByRole('button', { name: 'Deactivate Dana Okafor' }).click();
    await creator.getByLabel('Reason').fill('Laptop was stolen');
    await creator.getByRole('button', { name: 'Withdraw access' }).click();
    await creator.getByText(/withdrawn everywhere in [\d.]+ ms: 1 connection, 1 session/).waitFor();
    await page.getByRole('heading', { name: 'Your access has been withdrawn' }).waitFor();
    await creator.getByRole('button', { name: 'Reactivate Dana Okafor' }).click();
    await creator.getByRole('dialog').getByRole('button', { name: 'Reactivate' }).click();
    await creator.getByText('Dana Okafor may sign in again').waitFor();
}

async function story(browser) {
    const look = lookWith(browser);
    const creator = await creatorSignsIn(browser);
    const token = await makeToken(creator, look);
    const loginPath = await connectProvider(creator, look);
    const { id } = await house.scim(token, 'POST', 'Users', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'dana', displayName: 'Dana Okafor', active: true });
    const dana = await byAddress(browser);
    await connected(dana);
    const chat = await creator.context().newPage();
    await chat.goto(house.url);
    await connected(chat);
    await write(dana, 'Good morning from Dana');
    await chat.getByText('Good morning from Dana').waitFor();
    await write(chat, 'See you at lunch');
    await dana.getByText('See you at lunch').waitFor();
    await look(dana, 'story-messenger');
    await restarts(dana, chat);
    await leaves(dana, token, id, look);
    await consoleShows(creator, look);
    const refused = await throughProvider(browser, loginPath, 'dana');
    await refused.getByRole('heading', { name: /cannot sign in|did not work/ }).waitFor();
    await look(refused, 'story-refused');
    await setActive(token, id, true);
    const again = await throughProvider(browser, loginPath, 'dana');
    await connected(again);
    await creator.reload();
    await creator.getByRole('row', { name: /Dana Okafor.*active/ }).waitFor();
    await deactivatedInConsole(creator, again);
    const last = await throughProvider(browser, loginPath, 'dana');
    await connected(last);
    await last.getByRole('button', { name: 'Sign out' }).click(); // goes on to sign out at the provider
    await last.getByRole('heading', { name: 'You are signed out' }).waitFor();
    assert.strictEqual(last.url(), `${house.url}/logged-out`);
    await chat.getByRole('button', { name: 'Sign out' }).click();
    await chat.getByLabel('E-mail address').waitFor();
}

try {
    await house.startProvider();
    await house.start();
    await inBrowser({ timeout: 60_000 }, story); // a page that lost its server waits up to 30 s before it asks again
    console.log('ok: the story, seen by people');
} catch (error) {
    console.log(house.process ? house.logTail() : '');
    throw error;
} finally {
    await house.stop();
}
